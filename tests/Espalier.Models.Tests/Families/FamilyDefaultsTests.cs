using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Tests.Families;

/// <summary>What an absent field means, against the config classes of transformers: tests/golden/defaults.</summary>
public sealed class FamilyDefaultsTests
{
    // Made out of others where a file lacks them; the first test holds what they mean.
    private static readonly string[] s_derived = ["_sliding_window_pattern", "head_dim", "layer_types", "layers_block_type",
        "no_rope_layers", "num_experts", "num_key_value_heads", "num_local_experts", "rope_parameters", "time_step_limit"];

    // Phi-3's longrope reads it, where the file has to say it; elsewhere it would be taken for that of a scaling.
    private const string OfLongrope = "original_max_position_embeddings";

    // What Nemotron-H has for its mixtures of experts, which are refused by name, and for heads that foresee further tokens.
    private static readonly string[] s_ofRefused = ["moe_intermediate_size", "moe_latent_size", "moe_shared_expert_intermediate_size",
        "moe_shared_expert_overlap", "mtp_layers_block_type", "n_group", "n_routed_experts", "n_shared_experts", "norm_topk_prob",
        "num_experts_per_tok", "num_nextn_predict_layers", "routed_scaling_factor", "topk_group"];

    public static TheoryData<string> Families => [.. FamilyCatalog.All.Select(family => family.ModelType)];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_config_without_fields_means_what_transformers_means(string family)
    {
        var config = FamilyCatalog.For(family, "config.json");
        if (family == "nemotron_h")
        {
            // Its default has a layer of experts.
            Assert.Contains("does not say which layers are mamba, attention or mlp",
                Assert.Throws<EspalierException>(() => config.ReadConfig([], "config.json")).Message);
            return;
        }
        var (empty, full) = (config.ReadConfig([], "config.json"), config.ReadConfig(Golden(family), "config.json"));
        Assert.Equal(full.EosTokenIds, empty.EosTokenIds);
        Assert.Equal(full, empty with { EosTokenIds = full.EosTokenIds });
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_field_of_a_family_s_table_is_that_of_transformers(string family)
    {
        var golden = Golden(family);
        var written = FamilyCatalog.For(family, "config.json").DefaultFields;
        var differ = golden.Select(field => field.Key).Union(written.Select(field => field.Key))
            .Except([.. s_derived, .. RotaryFields.Older, OfLongrope, .. family == "nemotron_h" ? s_ofRefused : []])
            .Where(name => !JsonNode.DeepEquals(golden[name], written[name]))
            .Select(name =>
                $"{name}: {golden[name]?.ToJsonString() ?? "null"} in transformers and {written[name]?.ToJsonString() ?? "null"} here");
        Assert.Empty(differ);
    }

    private static JsonObject Golden(string family) =>
        (JsonObject)JsonFile.Read(Fixtures.Golden("defaults", "defaults.json"))[family]!.DeepClone();
}
