using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>Text that answers nothing, in which things are hidden.</summary>
internal static class Noise
{
    /// <summary>A line of plain sentences, repeated where no other text is named.</summary>
    public const string Line = "The road is long. The river is wide. The hill is high. The day goes by. Then it begins again.";

    /// <summary>The sentences of the first so many words of a text, which begins again where it ends.</summary>
    public static IReadOnlyList<string> Sentences(IReadOnlyList<string> words, int count)
    {
        var (sentences, sentence) = (new List<string>(), new List<string>());
        for (var i = 0; i < count; i++)
        {
            var word = words[i % words.Count];
            sentence.Add(word);
            if (i < count - 1 && word.TrimEnd('"', '\'', ')', ']', '”', '’', '»') is not [.., '.' or '!' or '?'])
                continue;
            sentences.Add(string.Join(' ', sentence));
            sentence.Clear();
        }
        return sentences;
    }

    /// <summary>The words of a text.</summary>
    /// <exception cref="EspalierException">It has none.</exception>
    public static IReadOnlyList<string> Words(string text, string source) => PythonLetters.Split(text) is { Length: > 0 } words ? words
        : throw new EspalierException($"{source}: has no words; a text of several pages is needed to hide things in");
}
