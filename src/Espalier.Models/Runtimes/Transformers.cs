namespace Espalier.Models.Runtimes;

/// <summary>transformers 4.48 and later: head_dim where it is given, in every family; Qwen3's default is 128.</summary>
internal class Transformers : Runtime
{
    private const int Qwen3Default = 128;

    /// <inheritdoc/>
    public override string Name => "transformers";

    /// <inheritdoc/>
    public override string Reason =>
        "it takes head_dim from config.json and 128 (Qwen3) or hidden_size / num_attention_heads without it: write head_dim";

    /// <inheritdoc/>
    public override int HeadDim(WrittenShape shape) => shape.HeadDim ?? (shape.Family.ModelType == "qwen3" ? Qwen3Default : shape.Quotient);
}
