using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>llama</c>, which runs Llama 2 to 3.2, Mistral and Mistral-NeMo; Qwen2 and Phi-3 once their width is cut,
/// for the architectures of their own want queries as wide as the model; and SmolLM3 where all layers that stay turn. Heads turn whole.
/// </summary>
internal sealed class LlamaArchitecture() : GgufArchitecture("llama", "llama", "mistral", "phi3", "qwen2", "smollm3")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, .. BiasedAttention, PostAttentionNorm, .. BiasedMlp, FinalNorm, Head]);

    public override bool TurnsNeighbours => true;

    public override bool ReadsRotaryFactors => true;

    protected override bool ReadsLongFactors => true;

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        // Without it the lists of factors are not looked for.
        if (config.Rotary.Scaling is LongRope)
            add("rope.scaling.type", "longrope");
    }

    public override string FamilyOf(GgufFile file) =>
        file.Contains("blk.0.attn_q.bias") && !file.Contains("blk.0.attn_output.bias") ? "qwen2" : "llama";

    public override bool Reads(GgufKeys keys) => keys.Whole("expert_count") is null or 0;
}
