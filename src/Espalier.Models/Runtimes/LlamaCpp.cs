namespace Espalier.Models.Runtimes;

/// <summary>
/// llama.cpp's own converter: head_dim becomes the key length, but Nemotron's rotary width comes from hidden_size / num_attention_heads.
/// </summary>
internal sealed class LlamaCpp : Runtime
{
    public override string Name => "llama.cpp";

    public override string Reason =>
        "its converter derives Nemotron's rotary width and StableLM's heads from hidden_size / num_attention_heads: "
            + "keep hidden_size, or cut heads in the same proportion";

    public override string? Refuses(WrittenShape shape) => shape.Family.ModelType == "nemotron_h" && shape.SaysExperts
        ? "its converter treats any config.json with num_experts_per_tok as a mixture of experts, which this model is not: let espalier "
            + "export make the GGUF file, or take that field out of the folder's config.json before converting"
        : shape.Delta is { } delta && delta.HeadDim != delta.StateSize
        ? $"it needs values of linear attention as wide as keys, but linear_value_head_dim is {delta.HeadDim} while linear_key_head_dim is "
            + $"{delta.StateSize}: cut linear-value-heads or linear-key-heads instead"
        : shape is { Delta: not null, IntervalHolds: false }
        ? "its converter uses full_attention_interval (4 if absent), not layer_types, and would mistake some layers for others: "
            + "keep whole periods of layers"
        : base.Refuses(shape);

    public override int RotaryEntries(WrittenShape shape) =>
        shape.Family.ModelType == "nemotron" ? (int)(shape.RotaryFraction * shape.Hidden) / shape.Heads : base.RotaryEntries(shape);
}
