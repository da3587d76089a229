using System.Text;
using Espalier.Models.Serving;
using Espalier.Server.Answers;
using Espalier.Server.Tools;

namespace Espalier.Server.Http;

/// <summary>The parts of one answer put together.</summary>
internal sealed class AnswerCollector
{
    private readonly StringBuilder _text = new(), _thoughts = new();
    private readonly List<ToolCall> _calls = [];
    private readonly List<ServedToken> _tokens = [];

    public string Text => _text.ToString();

    /// <summary>What the model thought before it answered, where that is told apart; else empty.</summary>
    public string Thoughts => _thoughts.ToString();

    public IReadOnlyList<ToolCall> Calls => _calls;

    /// <summary>Its ids with their probabilities, where those were asked for.</summary>
    public IReadOnlyList<ServedToken> Tokens => _tokens;

    public FinishReason? Finish { get; private set; }

    /// <summary>All answers of a request, to their ends.</summary>
    public static async Task<AnswerCollector[]> AllAsync(AnswerSet answers)
    {
        var all = Enumerable.Range(0, answers.Count).Select(static _ => new AnswerCollector()).ToArray();
        await foreach (var part in answers.Parts().ConfigureAwait(false))
            all[part.Index].Take(part);
        return all;
    }

    private void Take(AnswerPart part)
    {
        _text.Append(part.Text);
        _thoughts.Append(part.Thoughts);
        _calls.AddRange(part.Calls);
        if (part.Token is { } token)
            _tokens.Add(token);
        Finish ??= part.Finish;
    }
}
