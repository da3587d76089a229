using System.Text.Json.Nodes;
using Espalier.Files;
using Espalier.Models.Families;

namespace Espalier.Tests.Families;

/// <summary>What an absent field means, against the config classes of transformers: tests/golden/defaults.</summary>
public sealed class FamilyDefaultsTests
{
    // Made out of others where a file lacks them; the first test holds what they mean.
    private static readonly string[] s_derived = ["_sliding_window_pattern", "head_dim", "layer_types", "no_rope_layers", "num_experts",
        "num_key_value_heads", "num_local_experts", "rope_parameters"];

    // Phi-3's longrope reads it, where the file has to say it; elsewhere it would be taken for that of a scaling.
    private const string OfLongrope = "original_max_position_embeddings";

    public static TheoryData<string> Families => [.. FamilyCatalog.All.Select(family => family.ModelType)];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_config_without_fields_means_what_transformers_means(string family)
    {
        var config = FamilyCatalog.For(family, "config.json");
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
            .Except([.. s_derived, .. RotaryFields.Older, OfLongrope])
            .Where(name => !JsonNode.DeepEquals(golden[name], written[name]))
            .Select(name =>
                $"{name}: {golden[name]?.ToJsonString() ?? "null"} in transformers and {written[name]?.ToJsonString() ?? "null"} here");
        Assert.Empty(differ);
    }

    private static JsonObject Golden(string family) =>
        (JsonObject)JsonFile.Read(Fixtures.Golden("defaults", "defaults.json"))[family]!.DeepClone();
}
