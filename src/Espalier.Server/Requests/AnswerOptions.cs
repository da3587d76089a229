using Espalier.Models.Generation.Sampling;

namespace Espalier.Server.Requests;

/// <summary>How answers are written, whatever is asked: the fields that completions and chats share.</summary>
internal sealed record AnswerOptions
{
    /// <summary>Fields that are read here.</summary>
    public static readonly string[] Names =
    [
        "model", "n", "stream", "stream_options", "stop", "seed", "temperature", "top_p", "top_k", "min_p", "repetition_penalty",
        "presence_penalty", "frequency_penalty", "max_tokens", "logprobs", "logit_bias", "response_format",
        // What changes no answer: whose request it is, where it is kept, what it costs.
        "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
    ];

    /// <summary>Where a body has its schema.</summary>
    public const string SchemaPlace = "response_format.json_schema.schema";

    /// <summary>The schema of answers that are one JSON object of any shape.</summary>
    public const string AnyObject = "{\"type\":\"object\"}";

    private const int MostAnswers = 128, MostStops = 4, LongestStop = 1000;

    /// <summary>Answers to one prompt.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Whether the answer comes as it is written.</summary>
    public bool Streams { get; init; }

    /// <summary>Whether a stream ends with what was used.</summary>
    public bool StreamsUsage { get; init; }

    /// <summary>Texts that end an answer and do not belong to it.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>How ids are chosen; the seed is the first answer's, those after it have the next ones.</summary>
    public required SamplingOptions Sampling { get; init; }

    /// <summary>Most ids of an answer; null for as many as there is room for.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The JSON Schema that each answer fits, as JSON; null where they are texts.</summary>
    public string? Schema { get; init; }

    /// <summary>Reads them.</summary>
    /// <param name="model">The name of the model that is served.</param>
    /// <param name="defaults">How ids are chosen where nothing is said.</param>
    public static AnswerOptions Read(RequestFields fields, string model, SamplingOptions defaults)
    {
        RequireModel(fields, model);
        if (fields.Object("logit_bias") is not null && fields.Of("logit_bias")!.Value.EnumerateObject().Any())
            throw RequestException.Bad("logit_bias is not supported here: leave it out", "logit_bias", "unsupported");
        var streams = fields.Flag("stream");
        var more = fields.Object("stream_options");
        if (more is not null && !streams)
            throw RequestException.Bad("stream_options is given but stream is not true", "stream_options");
        more?.Know(["include_usage", "include_obfuscation"]);
        return new()
        {
            Count = (int)(fields.Whole("n", 1, MostAnswers) ?? 1),
            Streams = streams,
            StreamsUsage = more?.Flag("include_usage") == true,
            Stops = ReadStops(fields),
            Sampling = ReadSampling(fields, defaults),
            MaxTokens = (int?)fields.Whole("max_tokens", 0, int.MaxValue),
            Schema = ReadFormat(fields.Object("response_format")),
        };
    }

    /// <summary>Refuses a body that asks another model.</summary>
    public static void RequireModel(RequestFields fields, string model)
    {
        if (fields.Text("model") is { } asked && asked != model)
            throw new RequestException(404, $"there is no model '{OneLine.Clipped(asked)}' here; the model served is "
                + $"'{OneLine.Clipped(model)}'",
                "model", "model_not_found");
    }

    private static SamplingOptions ReadSampling(RequestFields fields, SamplingOptions defaults) => new()
    {
        // Of a model that is meant to be continued greedily, whoever asks for a choice gets one.
        Temperature = fields.Number("temperature", 0, 100)
            ?? (defaults.Temperature == 0 && (fields.Has("top_p") || fields.Has("top_k") || fields.Has("min_p")) ? 1
                : defaults.Temperature),
        TopP = fields.Number("top_p", 0, 1, isAbove: true) ?? defaults.TopP,
        TopK = (int)Math.Max(0, fields.Whole("top_k", -1, int.MaxValue) ?? defaults.TopK),
        MinP = fields.Number("min_p", 0, 1) ?? defaults.MinP,
        RepetitionPenalty = fields.Number("repetition_penalty", SamplingOptions.LeastRepetitionPenalty,
            SamplingOptions.MostRepetitionPenalty) ?? defaults.RepetitionPenalty,
        PresencePenalty = fields.Number("presence_penalty", -2, 2) ?? 0,
        FrequencyPenalty = fields.Number("frequency_penalty", -2, 2) ?? 0,
        // Any 64 bits are a seed.
        Seed = fields.Whole("seed", long.MinValue, long.MaxValue) is { } seed ? (int)(seed ^ (seed >> 32)) : Random.Shared.Next(),
    };

    private static string[] ReadStops(RequestFields fields)
    {
        if (fields.Of("stop") is not { } value)
            return [];
        string[] stops = value.ValueKind == System.Text.Json.JsonValueKind.String ? [fields.Text("stop")!]
            : [.. fields.List("stop", MostStops)!.Select(one => one.ValueKind == System.Text.Json.JsonValueKind.String
                ? one.GetString()! : throw fields.Wrong("stop", one, "a text, or a list of up to 4"))];
        foreach (var stop in stops)
            if (stop.Length is 0 or > LongestStop)
                throw RequestException.Bad($"stop has a text of {stop.Length} characters; it must have 1 to {LongestStop}", "stop");
        return stops;
    }

    private static string? ReadFormat(RequestFields? format)
    {
        switch (format?.Text("type"))
        {
            case null when format is not null:
                throw RequestException.Bad("response_format has no type; it must be text, json_object or "
                    + "json_schema", "response_format.type");
            case null or "text":
                return null;
            case "json_object":
                return AnyObject;
            case "json_schema":
                var named = format.Object("json_schema") ?? throw format.Missing("json_schema");
                named.Know(["name", "description", "schema", "strict"]);
                if (named.Text("name") is null or { Length: 0 or > 64 })
                    throw named.Refused("name", "must be a text of 1 to 64 characters");
                _ = named.Text("description");
                _ = named.Flag("strict");
                return (named.Of("schema") ?? throw named.Missing("schema")).GetRawText();
            case var other:
                throw RequestException.Bad($"response_format.type is '{OneLine.Clipped(other)}'; it must be text, json_object or "
                    + "json_schema",
                    "response_format.type");
        }
    }
}
