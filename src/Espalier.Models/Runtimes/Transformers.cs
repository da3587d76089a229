namespace Espalier.Models.Runtimes;

/// <summary>transformers 4.48 and later: head_dim where it is given, in every family; Qwen3's default is 128.</summary>
internal class Transformers : Runtime
{
    private const int Qwen3Default = 128;

    /// <summary>The finding about a tied Nemotron-H: the one that is no fault of what was written.</summary>
    internal const string RandomHead =
        "release 5.12 does not tie the head in this family, whatever tie_word_embeddings says, and creates a random one: tie it there "
            + "after loading (model.lm_head.weight = model.get_input_embeddings().weight)";

    // Whose config classes look, from release 5 on.
    private static readonly string[] s_wholeQuotient = ["gemma2", "gemma3_text", "llama"];

    public override string Name => "transformers";

    public override string? Refuses(WrittenShape shape) =>
        s_wholeQuotient.Contains(shape.Family.ModelType) && shape.Hidden % shape.Heads != 0
            ? $"from release 5 its config class rejects a hidden_size of {shape.Hidden}, which is not a multiple of num_attention_heads "
                + $"{shape.Heads}, whatever head_dim says: keep a multiple"
            : RefusesFactors(shape);

    /// <summary>Of every release: why Phi-3's config class refuses LongRoPE's lists; null where it does not.</summary>
    protected static string? RefusesFactors(WrittenShape shape) => shape.Family.ModelType == "phi3"
        && shape.LongFactors is { } factors && (int)(shape.Quotient * shape.RotaryFraction) / 2 != factors
        ? $"its config class expects a factor for each rotated pair of hidden_size {shape.Hidden} / num_attention_heads "
            + $"{shape.Heads}, whatever head_dim says, but there are {factors}: keep hidden_size, or cut heads in the same proportion"
        : null;

    public override string? TiedHead(WrittenShape shape) => shape.Family.ModelType == "nemotron_h" ? RandomHead : null;

    public override string Reason =>
        "it takes head_dim from config.json or, without it, 128 (Qwen3) or hidden_size / num_attention_heads; for StableLM always the "
            + "latter: write head_dim, or cut heads in the same proportion";

    public override int HeadDim(WrittenShape shape) =>
        shape.HeadDim is null && shape.Family.ModelType == "qwen3" ? Qwen3Default : base.HeadDim(shape);
}
