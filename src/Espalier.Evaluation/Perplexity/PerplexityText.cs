using System.Text;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Perplexity;

/// <summary>A text that a model is to predict.</summary>
/// <param name="Words">Its words, by which the surprise is divided.</param>
/// <param name="Bytes">Its bytes of UTF-8.</param>
internal sealed record PerplexityText(TaskDocument Document, string Text, int Words, int Bytes)
{
    /// <summary>Counts a text.</summary>
    /// <exception cref="EspalierException">One is empty.</exception>
    public static PerplexityText Of(TaskDocument document, string text, string counted) => text.Length > 0 && counted.Length > 0
        ? new(document, text, Parts(counted), Encoding.UTF8.GetByteCount(counted))
        : throw new EspalierException($"{document.Place}: the text is empty, so there is nothing to predict");

    /// <summary>
    /// How many parts Python's <c>re.split(r"\s+", text)</c> makes, empty ones before and after white space at the ends among them.
    /// </summary>
    public static int Parts(string text)
    {
        var (parts, isInside) = (1, false);
        foreach (var c in text)
        {
            var isWhite = PythonLetters.IsWhite(c);
            parts += isWhite && !isInside ? 1 : 0;
            isInside = isWhite;
        }
        return parts;
    }
}
