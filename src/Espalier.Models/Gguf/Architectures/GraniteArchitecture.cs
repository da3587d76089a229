using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>llama.cpp's architecture <c>granite</c>: that of Llama with four multipliers.</summary>
internal sealed class GraniteArchitecture() : GgufArchitecture("granite")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, .. BiasedAttention, PostAttentionNorm, .. BiasedMlp, FinalNorm, Head]);

    public override bool TurnsNeighbours => true;

    public override bool ReadsRotaryFactors => true;

    protected override LayerKind WithoutKeys(LayerKind kind) => base.WithoutKeys(kind) with { AttentionScale = null };

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        add("attention.scale", (float)(config.LayerKinds[0].AttentionScale ?? 1 / Math.Sqrt(config.HeadDim)));
        add("embedding_scale", (float)config.EmbeddingScale);
        add("residual_scale", (float)config.ResidualScale);
        add("logit_scale", (float)config.LogitDivisor);
    }

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        foreach (var (field, key) in (ReadOnlySpan<(string, string)>)[("attention_multiplier", "attention.scale"),
            ("embedding_multiplier", "embedding_scale"), ("residual_multiplier", "residual_scale"), ("logits_scaling", "logit_scale")])
            if (keys.Number(key) is { } number)
                fields[field] = number;
    }
}
