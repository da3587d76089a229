using Espalier.Evaluation.FunctionCalls.Questions;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding;

/// <summary>How a model's answer is read.</summary>
internal enum CallSyntax
{
    /// <summary>
    /// As <see cref="Prompting"/>, but with bodies of anonymous classes; where that finds no call, as JSON between
    /// <c>&lt;tool_call&gt;</c> tags, in a fence, or alone, and after what a model thinks.
    /// </summary>
    Any,

    /// <summary>To the letter as BFCL v4 reads what a model without tools of its own answers: calls in the question's language.</summary>
    Prompting,

    /// <summary>JSON alone, with tags and fences.</summary>
    Json,
}

/// <summary>What was read.</summary>
/// <param name="Failure">Why the text is not made of calls; null where it is, be it an empty list.</param>
internal sealed record DecodedCalls(IReadOnlyList<FunctionCall> Calls, string? Failure);

/// <summary>Reads the calls of a model's answer. Whatever it is, the outcome is calls or none; never an error.</summary>
internal static class CallDecoder
{
    /// <summary>Longest answer that is looked at, in UTF-16 code units.</summary>
    public const int MaxLength = 1 << 24;

    private const int MaxTags = 1000;
    private const string OpenTag = "<tool_call>";
    private const string CloseTag = "</tool_call>";
    private const string Fence = "```";
    private const string EndOfThinking = "</think>";

    /// <summary>Reads the calls of an answer.</summary>
    public static DecodedCalls Decode(string answer, CallLanguage language, CallSyntax syntax = CallSyntax.Any)
    {
        if (answer.Length > MaxLength)
            return new([], $"has more than {MaxLength} characters");
        if (syntax == CallSyntax.Prompting)
            return Attempt(() => InLanguage(answer, language, keepsBodies: false));
        if (answer.LastIndexOf(EndOfThinking, StringComparison.Ordinal) is >= 0 and var end)
            answer = answer[(end + EndOfThinking.Length)..];
        var first = syntax == CallSyntax.Json ? AsJson(answer) : Attempt(() => InLanguage(answer, language, keepsBodies: true));
        if (first.Failure is null || syntax == CallSyntax.Json)
            return first;
        if (AsJson(answer) is { Calls.Count: > 0 } json)
            return json;
        return Fenced(answer) is { } inner && Attempt(() => InLanguage(inner, language, keepsBodies: true)) is { Failure: null } fenced
            ? fenced : first;
    }

    // bfcl_eval/model_handler/utils.py, default_decode_ast_prompting and ast_parse.
    private static List<FunctionCall> InLanguage(string answer, CallLanguage language, bool keepsBodies)
    {
        var text = answer.Trim('`', '\n', ' ');
        text = (text.StartsWith('[') ? "" : "[") + text + (text.EndsWith(']') ? "" : "]");
        return language == CallLanguage.Python ? PythonCalls.Read(text)
            : CodeCalls.Read(text.Length > 1 ? text[1..^1] : "", language == CallLanguage.JavaScript, keepsBodies);
    }

    private static DecodedCalls AsJson(string answer)
    {
        answer = answer.Replace("<|python_tag|>", "", StringComparison.Ordinal);
        var calls = new List<FunctionCall>();
        var tags = 0;
        for (var at = 0; tags < MaxTags && (at = answer.IndexOf(OpenTag, at, StringComparison.Ordinal)) >= 0;)
        {
            at += OpenTag.Length;
            var close = answer.IndexOf(CloseTag, at, StringComparison.Ordinal);
            if (close < 0)
                break;
            // What is no JSON between tags is no call, and takes none from the others.
            tags++;
            calls.AddRange(Attempt(() => JsonCalls.Read(answer[at..close])).Calls);
            at = close + CloseTag.Length;
        }
        if (tags > 0)
            return calls.Count > 0 ? new(calls, null) : new([], "has no calls between its tags");
        var text = Fenced(answer) ?? answer.Trim('`', '\n', ' ');
        var json = Attempt(() => JsonCalls.Read(text));
        return json.Failure is null || text.AsSpan().TrimStart() is not ['{' or '[', ..] ? json
            : Attempt(() =>
            {
                // Llama 3.1's answers are sometimes Python's dicts.
                JsonCalls.Add(PythonCalls.ReadValue(text), calls);
                return calls;
            });
    }

    // What stands in the first fence of three backticks, without the word after it; null where there is none that is closed.
    private static string? Fenced(string answer)
    {
        var open = answer.IndexOf(Fence, StringComparison.Ordinal);
        var line = open < 0 ? -1 : answer.IndexOf('\n', open);
        var close = line < 0 ? -1 : answer.IndexOf(Fence, line, StringComparison.Ordinal);
        return close < 0 ? null : answer[(line + 1)..close].Trim();
    }

    private static DecodedCalls Attempt(Func<List<FunctionCall>> read)
    {
        try
        {
            return new(read(), null);
        }
        catch (NoCallException error)
        {
            return new([], error.Message);
        }
    }
}
