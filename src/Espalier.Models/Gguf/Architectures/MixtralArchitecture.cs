using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>llama.cpp's architecture <c>llama</c> with experts: Mixtral.</summary>
internal sealed class MixtralArchitecture() : GgufArchitecture("llama", "mixtral")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, .. Attention, PostAttentionNorm, .. Experts, FinalNorm, Head]);

    public override bool TurnsNeighbours => true;

    public override bool ReadsRotaryFactors => true;

    protected override LayerKind Layer { get; } = new() { HasExperts = true };

    protected override bool NormalizesExpertWeights => true;

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        fields["num_local_experts"] = keys.Required("expert_count");
        fields["num_experts_per_tok"] = keys.Required("expert_used_count");
    }

    public override bool Reads(GgufKeys keys) => keys.Whole("expert_count") > 0;
}
