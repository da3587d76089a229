using System.Text;
using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Requests;

/// <summary>
/// Looks for stop strings in a text while a model writes it: in the decoded text, for a stop string may begin and end within tokens.
/// </summary>
internal sealed class StopStrings(IReadOnlyList<string> stops, TokenDecodeStream stream)
{
    private readonly StringBuilder _tail = new();
    private readonly int _longest = stops.Select(stop => stop.Length).DefaultIfEmpty(0).Max();

    /// <summary>Whether one is complete with this id.</summary>
    public bool Ends(int id)
    {
        if (_longest == 0)
            return false;
        _tail.Append(stream.Append(id));
        var text = _tail.ToString();
        if (stops.Any(stop => stop.Length > 0 && text.Contains(stop, StringComparison.Ordinal)))
            return true;
        // All that a stop string may have begun in.
        if (text.Length >= _longest)
            _tail.Remove(0, text.Length - (_longest - 1));
        return false;
    }

    /// <summary>
    /// The text before the first of each, looked for in their order as lm-evaluation-harness does (lm_eval/models/huggingface.py).
    /// </summary>
    public static string Cut(string text, IEnumerable<string> stops) => stops.Where(stop => stop.Length > 0).Aggregate(text,
        static (rest, stop) => rest.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var at ? rest[..at] : rest);
}
