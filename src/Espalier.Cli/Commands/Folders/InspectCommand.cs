using System.CommandLine;
using System.Text.Json.Serialization;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;

namespace Espalier.Cli.Commands.Folders;

/// <summary>Says what a model is, from its config and the headers of its weights.</summary>
internal sealed class InspectCommand : CommandBase
{
    private readonly Argument<string> _path = new("path")
    { Description = "Hugging Face folder (config.json alone is enough) or GGUF file" };
    private readonly FlagOption _check = new("--check", "Read every weight and refuse NaN and infinity");

    internal InspectCommand() : base(
        "inspect",
        "Show a model's family, shapes, parameters, memory, key/value cache and integrity",
        "espalier inspect models/quickstart-teacher",
        "espalier inspect models/quickstart-teacher --check --json")
    {
        Arguments.Add(_path);
        Options.Add(_check);
    }

    protected override int Run(CommandRun run)
    {
        var place = run.Get(_path)!;
        if (!Directory.Exists(place) && place.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return RunGguf(run, place);

        using var checkpoint = Checkpoint.Open(place, run.Get(_check) || HasWeights(place)).WithNotes(run);
        if (run.Get(_check))
            checkpoint.CheckFinite(run.Cancellation);
        run.Write(ModelFacts.Of(checkpoint, run.Get(_check)), Show);
        return ExitCodes.Done;
    }

    private int RunGguf(CommandRun run, string file)
    {
        if (run.Get(_check))
            throw new EspalierException($"{file}: --check reads Hugging Face folders; leave it out for a GGUF file");
        using var gguf = GgufFile.Open(file);
        run.Write(GgufFacts.Of(gguf, file), Show);
        return ExitCodes.Done;
    }

    private static bool HasWeights(string folder) => Directory.Exists(folder) && CheckpointFolder.HasWeights(folder);

    // What they say counts where there are experts alone; some models without any have them all the same.
    private static readonly string[] s_ofExperts =
        ["num_local_experts", "num_experts", "num_experts_per_tok", "moe_intermediate_size", "shared_expert_intermediate_size"];

    private static readonly string[] s_shapes =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
        .. s_ofExperts, "hybrid_override_pattern", "mamba_num_heads", "mamba_head_dim", "n_groups", "ssm_state_size", "conv_kernel",
        "linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim", "linear_value_head_dim", "linear_conv_kernel_dim",
        "tie_word_embeddings", "max_position_embeddings", "rope_theta", "partial_rotary_factor", "rope_scaling", "sliding_window", "dtype",
    ];

    private static void Show(Page page, ModelFacts facts)
    {
        page.Heading(facts.Path);
        page.Table(TextTable.OfFacts([
            ("family", facts.Family),
            .. s_shapes.Where(name => facts.Config.ContainsKey(name) && (facts.ActiveParameters is not null || !s_ofExperts.Contains(name)))
                .Select(name => (name, Text(facts.Config[name]))),
            .. facts.Layers is { } layers ? new[] { ("layers", layers) } : [],
            ("parameters", Units.Exact(facts.Parameters)),
            ("  non-embedding", Units.Exact(facts.NonEmbeddingParameters)),
            .. facts.ActiveParameters is { } active ? new[] { ("  active per token", Units.Exact(active)) } : [],
            ("on disk", facts.Weights ? $"{Units.Bytes(facts.Bytes)} in {facts.Files} file{(facts.Files == 1 ? "" : "s")}"
                : "no weights here"),
            ("memory", $"{Units.Bytes(facts.MemoryBytes.F32)} as float32, {Units.Bytes(facts.MemoryBytes.Bf16)} as bfloat16"),
            ("key/value cache",
                $"{Units.Bytes(facts.KvCacheBytesPerToken.F32)} per token as float32, "
                    + $"{Units.Bytes(facts.KvCacheBytesPerToken.Bf16)} as bfloat16"),
            .. facts.StateBytesPerText is { } state ? new[]
            {
                (facts.Config.ContainsKey("mamba_num_heads") ? "Mamba state" : "linear attention's state",
                    $"{Units.Bytes(state.F32)} per text if computed in float32, {Units.Bytes(state.Bf16)} in bfloat16"),
            } : [],
            ("integrity", facts.Integrity switch
            {
                "config" => "the config is valid; there are no weights to check",
                "headers" => "names, shapes and sizes agree with the config; --check reads the weights too",
                _ => "names, shapes and sizes agree with the config, and every weight is finite",
            }),
        ]));
    }

    private static void Show(Page page, GgufFacts facts)
    {
        page.Heading(facts.Path);
        page.Table(TextTable.OfFacts([
            ("family", facts.Family),
            ("parameters", Units.Exact(facts.Parameters)),
            ("  non-embedding", Units.Exact(facts.NonEmbeddingParameters)),
            ("weights", $"{Units.Bytes(facts.Bytes)} in {facts.Tensors} tensors, mostly {facts.Dtype}"),
            .. facts.Metadata.Where(pair => pair.Key.StartsWith($"{facts.Family}.", StringComparison.Ordinal))
                .Select(pair => (pair.Key, Convert.ToString(pair.Value, CultureInfo.InvariantCulture) ?? "")),
        ]));
    }

    private static string Text(JsonElement value) => value.GetRawText().Trim('"');
}

/// <summary>What <c>inspect --json</c> prints of a GGUF file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Family">llama.cpp's name of the architecture.</param>
/// <param name="Parameters">All weights, counted; llama.cpp's table of rotary factors is none.</param>
/// <param name="NonEmbeddingParameters">Those outside the embedding table and the head.</param>
/// <param name="Bytes">Bytes of the weights as they are stored.</param>
/// <param name="Dtype">The type that most bytes are stored in.</param>
/// <param name="Tensors">Number of tensors.</param>
/// <param name="Metadata">Keys and values at the head of the file; of arrays only how long they are.</param>
internal sealed record GgufFacts(
    string Path, string Family, long Parameters, long NonEmbeddingParameters, long Bytes, string Dtype, int Tensors,
    IReadOnlyDictionary<string, object> Metadata)
{
    internal static GgufFacts Of(GgufFile gguf, string path)
    {
        var weights = gguf.Tensors.Where(tensor => tensor.Name != "rope_freqs.weight").ToArray();
        return new(
            Path: path,
            Family: gguf.Metadata.Get<string>("general.architecture"),
            Parameters: weights.Sum(tensor => tensor.Elements),
            NonEmbeddingParameters: weights.Where(tensor => tensor.Name is not ("token_embd.weight" or "output.weight"))
                .Sum(tensor => tensor.Elements),
            Bytes: gguf.Tensors.Sum(tensor => tensor.Bytes),
            Dtype: gguf.Tensors.GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.Bytes))?.Key.Name() ?? "none",
            Tensors: gguf.Tensors.Count,
            Metadata: gguf.Metadata.ToDictionary(pair => pair.Key, pair => pair.Value is Array { Length: var length } ? length
                : pair.Value));
    }
}

/// <summary>Bytes at the two usual widths of an element.</summary>
/// <param name="F32">At four bytes.</param>
/// <param name="Bf16">At two bytes.</param>
internal sealed record BytesAtTypes(long F32, long Bf16);

/// <summary>
/// What <c>inspect --json</c> prints of a Hugging Face folder: these fields, and those of <c>config.json</c> beside them.
/// </summary>
internal sealed record ModelFacts
{
    public required string Path { get; init; }

    /// <summary>The family: <c>model_type</c>.</summary>
    public required string Family { get; init; }

    /// <summary>All parameters; a tied table counts once.</summary>
    public required long Parameters { get; init; }

    /// <summary>Those outside the embedding table and the head.</summary>
    public required long NonEmbeddingParameters { get; init; }

    /// <summary>Those that take part in one token's pass; null where all do.</summary>
    public long? ActiveParameters { get; init; }

    /// <summary>How many layers there are of which kind, for a person; null where all are alike.</summary>
    [JsonIgnore]
    public string? Layers { get; init; }

    /// <summary>Bytes of the weights as they are stored; 0 where there are none.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether weights lie beside the config.</summary>
    public required bool Weights { get; init; }

    /// <summary>Files of weights.</summary>
    public required int Files { get; init; }

    /// <summary>Bytes of all parameters in memory.</summary>
    public required BytesAtTypes MemoryBytes { get; init; }

    /// <summary>Bytes that one token leaves in the key/value cache.</summary>
    public required BytesAtTypes KvCacheBytesPerToken { get; init; }

    /// <summary>Bytes that Mamba layers or linear attention keep of a text, however long it is; null where there are none.</summary>
    public BytesAtTypes? StateBytesPerText { get; init; }

    /// <summary>
    /// How much was checked: config (no weights there), headers (names, shapes, offsets, sizes), weights (every one finite).
    /// </summary>
    public required string Integrity { get; init; }

    /// <summary>
    /// The fields of <c>config.json</c> under their Hugging Face names, with what absent ones mean; dtype is that of the weights.
    /// </summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement> Config { get; init; } = [];

    internal static ModelFacts Of(Checkpoint checkpoint, bool read)
    {
        var config = checkpoint.Config;
        return new()
        {
            Path = checkpoint.Folder,
            Family = config.Family,
            Parameters = config.Parameters,
            NonEmbeddingParameters = config.NonEmbeddingParameters,
            ActiveParameters = config.LayersWithExperts > 0 ? config.ActiveParameters : null,
            Layers = LayersText.Of(config),
            Bytes = checkpoint.HasWeights ? checkpoint.TotalBytes : 0,
            Weights = checkpoint.HasWeights,
            Files = checkpoint.HasWeights ? checkpoint.Entries.Keys.Select(name => checkpoint.FileOf(name).Path).Distinct().Count() : 0,
            MemoryBytes = new(4 * config.Parameters, 2 * config.Parameters),
            KvCacheBytesPerToken = new(config.KeyValueBytesPerToken(4), config.KeyValueBytesPerToken(2)),
            StateBytesPerText = config.IsRecurrent ? new(config.StateBytesPerText(4), config.StateBytesPerText(2)) : null,
            Integrity = !checkpoint.HasWeights ? "config" : read ? "weights" : "headers",
            Config = Fields(checkpoint),
        };
    }

    private static Dictionary<string, JsonElement> Fields(Checkpoint checkpoint)
    {
        var fields = checkpoint.Family.WriteConfig(checkpoint.Config, checkpoint.RawConfig, checkpoint.StoredType);
        // Some families derive it where it is absent, and whoever reads this should not have to.
        fields["head_dim"] = checkpoint.Config.HeadDim;
        if (fields["rope_parameters"] is JsonObject parameters)
        {
            // Whichever form the file has for them.
            fields["rope_theta"] = parameters["rope_theta"]?.DeepClone();
            if (checkpoint.Config.Rotary.Fraction != 1.0)
                fields["partial_rotary_factor"] = checkpoint.Config.Rotary.Fraction;
            if (checkpoint.Config.Rotary.Scaling is not null)
                fields["rope_scaling"] = new JsonObject(
                    parameters.Where(field => field.Key is not ("rope_theta" or "partial_rotary_factor"))
                    .Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
        }
        return fields.Where(field => field.Value is not null)
            .ToDictionary(field => field.Key, field => JsonSerializer.SerializeToElement(field.Value));
    }
}
