namespace Espalier.Models.FeedForwards;

/// <summary>The second half of a block: a feed-forward block, or a mixture of them.</summary>
internal interface IFeedForward
{
    /// <summary>What is added to the stream, [B, T, D] of [B, T, D].</summary>
    Tensor Forward(Tensor x_BTD, ForwardContext context);
}
