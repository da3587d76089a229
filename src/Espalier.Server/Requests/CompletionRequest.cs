using Espalier.Models.Generation.Sampling;

namespace Espalier.Server.Requests;

/// <summary>A body of <c>/v1/completions</c>.</summary>
/// <param name="Prompts">Texts, or ids, each continued by itself.</param>
/// <param name="Likeliest">How many of the likeliest ids are given with each; null for no probabilities.</param>
/// <param name="Echoes">Whether the answer begins with the prompt.</param>
internal sealed record CompletionRequest(IReadOnlyList<Prompt> Prompts, AnswerOptions Options, int? Likeliest, bool Echoes)
{
    /// <summary>Ids of an answer where the body does not say, as OpenAI has it.</summary>
    public const int UsualTokens = 16;

    private const int MostPrompts = 1024;

    private static readonly string[] s_names = [.. AnswerOptions.Names, "prompt", "echo", "suffix", "best_of"];

    /// <summary>Reads a body.</summary>
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
            throw RequestException.Bad($"best_of is {best} but n is {options.Count}: choosing among more answers than are returned is "
                + "not supported here",
                "best_of",
                "unsupported");
        var echoes = fields.Flag("echo");
        var likeliest = (int?)fields.Whole("logprobs", 0, 5);
        if (echoes && likeliest is not null)
            throw RequestException.Bad("echo with logprobs is not supported here: probabilities of the prompt are not computed", "echo",
                "unsupported");
        return new(Prompt.Read(fields, "prompt", MostPrompts), options with { MaxTokens = options.MaxTokens ?? UsualTokens }, likeliest,
            echoes);
    }
}
