using Espalier.Evaluation.LongContext.Materials;
using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext;

/// <summary>How often words stand in a list.</summary>
/// <param name="Words">Different words, the common ones among them.</param>
/// <param name="Common">How often each common word stands there.</param>
/// <param name="Others">How often each other word does.</param>
internal sealed record WordCounts(int Words, int Common, int Others)
{
    /// <summary>RULER's numbers of the example: below 4,096 tokens fewer.</summary>
    public static WordCounts OfExample(int length) => length < 4096 ? new(20, 3, 1) : new(40, 10, 3);

    /// <summary>RULER's numbers of the question.</summary>
    public static WordCounts OfQuestion(int length, int words) => length < 4096 ? new(words, 6, 1) : new(words, 30, 3);
}

/// <summary>
/// Common words extraction (RULER, section 3.3): a numbered list of words in which some stand more often than the others. A small question
/// with its answer stands before it. The wording has {context} and {count}.
/// </summary>
/// <param name="common">How many common words there are.</param>
/// <param name="length">Tokens of question and answer, by which RULER chooses how often words stand there.</param>
internal sealed class CommonWordsTask(Template wording, int common, int length) : RulerTask(wording)
{
    public override int Least => common + 1;

    // No word is drawn twice, of 125,000.
    public override int Most => 100_000;

    public override LongQuestion Make(int number, PythonRandom random, int size)
    {
        var words = new MadeWords(random);
        var (asked, shown) = (Draw(words, common), WordCounts.OfExample(length));
        var example = Draw(words, shown.Words);
        var before = $"{Text(example[..common], example[common..], shown, random)} {Listed(example[..common])}\n";
        var counts = WordCounts.OfQuestion(length, size);
        return new(before + Text(asked, Draw(words, counts.Words - common), counts, random), asked);
    }

    private static string[] Draw(MadeWords words, int count) => [.. Enumerable.Range(0, count).Select(_ => words.Word())];

    private string Text(string[] often, string[] seldom, WordCounts counts, PythonRandom random)
    {
        string[] all = [.. often.SelectMany(word => Enumerable.Repeat(word, counts.Common)),
            .. seldom.SelectMany(word => Enumerable.Repeat(word, counts.Others))];
        random.Shuffle(all);
        return Fill(("context", Listed(all)), ("count", $"{common}"));
    }

    private static string Listed(string[] words) => string.Join(' ', words.Select((word, i) => $"{i + 1}. {word}"));
}
