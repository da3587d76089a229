using System.Globalization;
using System.Text.Json;
using Espalier.Cli.Rendering;
using Espalier.Files;

namespace Espalier.Cli.Commands;

/// <summary>What <c>inspect</c> shows to a person.</summary>
internal static class InspectPage
{
    private static readonly string[] shapes =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
        "tie_word_embeddings", "max_position_embeddings", "rope_theta", "rope_scaling", "sliding_window", "dtype",
    ];

    internal static void Show(Page page, ModelFacts facts)
    {
        page.Heading(facts.Path);
        page.Table(TextTable.OfFacts([
            ("family", facts.Family),
            .. shapes.Where(facts.Config.ContainsKey).Select(name => (name, Text(facts.Config[name]))),
            ("parameters", Exact(facts.Parameters)),
            ("  without embeddings", Exact(facts.NonEmbeddingParameters)),
            ("on disk", facts.Weights ? $"{Units.Bytes(facts.Bytes)} in {facts.Files} file{(facts.Files == 1 ? "" : "s")}" : "no weights here"),
            ("memory", $"{Units.Bytes(facts.MemoryBytes.F32)} as float32, {Units.Bytes(facts.MemoryBytes.Bf16)} as bfloat16"),
            ("key/value cache", $"{Units.Bytes(facts.KvCacheBytesPerToken.F32)} a token as float32, {Units.Bytes(facts.KvCacheBytesPerToken.Bf16)} as bfloat16"),
            ("integrity", facts.Integrity switch
            {
                "config" => "the config is sound; there are no weights to check",
                "headers" => "names, shapes and sizes agree with the config; --check reads the weights too",
                _ => "names, shapes and sizes agree with the config, and every weight is finite",
            }),
        ]));
    }

    internal static void Show(Page page, GgufFacts facts)
    {
        page.Heading(facts.Path);
        page.Table(TextTable.OfFacts([
            ("family", facts.Family),
            ("parameters", Exact(facts.Parameters)),
            ("  without embeddings", Exact(facts.NonEmbeddingParameters)),
            ("weights", $"{Units.Bytes(facts.Bytes)} in {facts.Tensors} tensors, mostly {facts.Dtype}"),
            .. facts.Metadata.Where(pair => pair.Key.StartsWith($"{facts.Family}.", StringComparison.Ordinal))
                .Select(pair => (pair.Key, Convert.ToString(pair.Value, CultureInfo.InvariantCulture) ?? "")),
        ]));
    }

    private static string Exact(long count) => string.Create(CultureInfo.InvariantCulture, $"{count:N0}");

    private static string Text(JsonElement value) => value.GetRawText().Trim('"');
}
