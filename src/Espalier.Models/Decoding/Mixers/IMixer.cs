namespace Espalier.Models.Mixers;

/// <summary>The half of a block that mixes positions: attention, or a state-space mixer.</summary>
internal interface IMixer
{
    /// <summary>What is added to the stream, [B, T, D].</summary>
    Tensor Forward(Tensor x_BTD, ForwardContext context);
}
