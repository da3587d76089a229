using Espalier.Models.Checkpoints;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Generation;

/// <summary>
/// What a model's <c>generation_config.json</c> says about choosing ids; all of it null where the file or the field is absent.
/// </summary>
internal sealed class GenerationFields
{
    /// <summary>
    /// Fields that change which ids are chosen and are not followed here, each with the values that change nothing beside null.
    /// </summary>
    private static readonly (string Name, string[] Neutral, bool SamplingOnly)[] s_others =
    [
        ("no_repeat_ngram_size", ["0"], false), ("encoder_repetition_penalty", ["1", "1.0"], false),
        ("encoder_no_repeat_ngram_size", ["0"], false),
        ("bad_words_ids", ["[]"], false), ("sequence_bias", ["{}", "[]"], false), ("suppress_tokens", ["[]"], false),
        ("begin_suppress_tokens", ["[]"], false),
        ("min_length", ["0"], false), ("min_new_tokens", ["0"], false), ("forced_bos_token_id", [], false),
        ("forced_eos_token_id", [], false),
        ("exponential_decay_length_penalty", [], false), ("num_beams", ["1"], false), ("num_beam_groups", ["1"], false),
        ("penalty_alpha", ["0", "0.0"], false),
        ("guidance_scale", ["1", "1.0"], false), ("stop_strings", ["[]", "\"\""], false), ("dola_layers", [], false),
        ("typical_p", ["1", "1.0"], true), ("epsilon_cutoff", ["0", "0.0"], true),
        ("eta_cutoff", ["0", "0.0"], true),
    ];

    private readonly JsonObject _raw;
    private readonly ConfigFields _fields;

    /// <summary>Takes the file's fields.</summary>
    /// <param name="model">The model, open with or without weights.</param>
    public GenerationFields(Checkpoint model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _raw = model.GenerationConfig ?? [];
        _fields = new(_raw, [], Path.Combine(model.Folder, CheckpointFolder.GenerationConfigFile));
    }

    /// <summary>False where the model is meant to be continued greedily, whatever temperature stands beside it.</summary>
    public bool? DoSample => _fields.Says("do_sample") ? _fields.Bool("do_sample") : null;

    public double? Temperature => _fields.OptionalDouble("temperature");

    /// <summary>Only the k likeliest; 0 is all, and so is -1, as vLLM has it.</summary>
    public int? TopK => _fields.OptionalDouble("top_k") is { } k ? (int)Math.Clamp(k, 0, int.MaxValue) : null;

    /// <summary>Only the likeliest whose probabilities add up to this.</summary>
    public double? TopP => _fields.OptionalDouble("top_p");

    /// <summary>Only ids at least this many times as likely as the likeliest.</summary>
    public double? MinP => _fields.OptionalDouble("min_p");

    /// <summary>What the scores of ids that stand in the text already are divided by.</summary>
    public double? RepetitionPenalty => _fields.OptionalDouble("repetition_penalty");

    /// <summary>Ids that end a text; -1 and null, which some files have for none, are none.</summary>
    public IReadOnlyList<int> EosIds =>
    [
        .. (_raw["eos_token_id"] is JsonArray list ? list : (IEnumerable<JsonNode?>)[_raw["eos_token_id"]]).Select(ConfigJson.Number)
            .Where(static id => id is >= 0 and <= int.MaxValue && Math.Floor(id.Value) == id).Select(static id => (int)id!.Value),
    ];

    /// <summary>Names and values of what the file asks for and is not followed here.</summary>
    /// <param name="sampling">Whether ids are sampled: some fields mean nothing otherwise.</param>
    public IReadOnlyList<string> Ignored(bool sampling) =>
    [
        .. s_others.Where(other => (sampling || !other.SamplingOnly) && _raw[other.Name] is { } value
            && !other.Neutral.Contains(value.ToJsonString()))
            .Select(other => $"{other.Name} {Short(_raw[other.Name]!.ToJsonString())}"),
    ];

    private static string Short(string json) => json.Length <= 40 ? json : $"{json[..37]}...";
}
