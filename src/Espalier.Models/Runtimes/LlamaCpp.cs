namespace Espalier.Models.Runtimes;

/// <summary>
/// llama.cpp's own converter: head_dim becomes the key length, but Nemotron's rotary width comes from hidden_size / num_attention_heads.
/// </summary>
internal sealed class LlamaCpp : Runtime
{
    /// <inheritdoc/>
    public override string Name => "llama.cpp";

    /// <inheritdoc/>
    public override string Reason =>
        "its converter takes Nemotron's rotary width from hidden_size / num_attention_heads, and StableLM's heads: "
            + "keep hidden_size, or cut heads in the same proportion";

    /// <inheritdoc/>
    public override string? Refuses(WrittenShape shape) => shape.Family.ModelType == "nemotron_h" && shape.SaysExperts
        ? "its converter takes a config.json with num_experts_per_tok for a mixture of experts, which this model is not: let espalier "
            + "export "
            + "make the GGUF file, or take that field out of the folder's config.json before converting"
        : base.Refuses(shape);

    /// <inheritdoc/>
    public override int RotaryEntries(WrittenShape shape) =>
        shape.Family.ModelType == "nemotron" ? (int)(shape.RotaryFraction * shape.Hidden) / shape.Heads : base.RotaryEntries(shape);
}
