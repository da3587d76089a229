using System.Text.Json;
using Espalier.Models.Generation;

namespace Espalier.Server.Requests;

/// <summary>A body of <c>/v1/completions</c>.</summary>
/// <param name="Prompts">Texts, or ids, each continued by itself.</param>
/// <param name="Options">How.</param>
/// <param name="Likeliest">How many of the likeliest ids are given with each; null for no probabilities.</param>
/// <param name="Echoes">Whether the answer begins with the prompt.</param>
internal sealed record CompletionRequest(IReadOnlyList<Prompt> Prompts, AnswerOptions Options, int? Likeliest, bool Echoes)
{
    /// <summary>Ids of an answer where the body does not say, as OpenAI has it.</summary>
    public const int UsualTokens = 16;

    private const int MostPrompts = 1024, LongestPrompt = 1 << 20;

    private static readonly string[] s_names = [.. AnswerOptions.Names, "prompt", "echo", "suffix", "best_of"];

    /// <summary>Reads a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="model">The name of the model that is served.</param>
    /// <param name="defaults">How ids are chosen where nothing is said.</param>
    public static CompletionRequest Read(JsonElement body, string model, SamplingOptions defaults)
    {
        var fields = new RequestFields(body);
        fields.Know(s_names);
        var options = AnswerOptions.Read(fields, model, defaults);
        if (fields.Text("suffix") is { Length: > 0 })
            throw RequestException.Bad("suffix is not supported here: leave it out", "suffix", "unsupported");
        if (fields.Whole("best_of", 1, int.MaxValue) is { } best && best != options.Count)
            throw RequestException.Bad($"best_of is {best} and n is {options.Count}: of more answers than are given none is chosen here",
                "best_of",
                "unsupported");
        var echoes = fields.Flag("echo");
        var likeliest = (int?)fields.Whole("logprobs", 0, 5);
        if (echoes && likeliest is not null)
            throw RequestException.Bad("echo with logprobs is not supported here: probabilities of the prompt are not computed", "echo",
                "unsupported");
        return new(ReadPrompts(fields), options with { MaxTokens = options.MaxTokens ?? UsualTokens }, likeliest, echoes);
    }

    private static Prompt[] ReadPrompts(RequestFields fields)
    {
        if (fields.Of("prompt") is not { } value)
            throw RequestException.Bad("prompt is missing: a text, a list of texts, or of token ids", "prompt", "missing");
        if (value.ValueKind == JsonValueKind.String)
            return [new(fields.Text("prompt"), null)];
        var items = fields.List("prompt", LongestPrompt)!;
        if (items.Count == 0)
            throw RequestException.Bad("prompt is an empty list", "prompt");
        if (items[0].ValueKind == JsonValueKind.Number)
            return [new(null, Ids(fields, items))];
        if (items.Count > MostPrompts)
            throw RequestException.Bad($"prompt has {items.Count} texts and may have {MostPrompts}", "prompt");
        return [.. items.Select(item => item.ValueKind switch
        {
            JsonValueKind.String => new Prompt(item.GetString(), null),
            JsonValueKind.Array when item.GetArrayLength() > 0 => new Prompt(null, Ids(fields, [.. item.EnumerateArray()])),
            _ => throw fields.Wrong("prompt", item, "a text, a list of texts, or of token ids"),
        })];
    }

    private static int[] Ids(RequestFields fields, IReadOnlyList<JsonElement> items) => [.. items.Select(item =>
        item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id) ? id : throw fields.Wrong("prompt", item, "token ids"))];
}

/// <summary>What is continued: a text or ids.</summary>
internal sealed record Prompt(string? Text, int[]? Ids);
