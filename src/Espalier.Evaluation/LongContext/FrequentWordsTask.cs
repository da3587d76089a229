using Espalier.Evaluation.LongContext.Materials;
using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext;

/// <summary>
/// Frequent words extraction (RULER, section 3.3): coded words that stand in a text as often as Zipf's law has it, the k-th one of n words
/// n · k^-α / ζ(α) times; dots take the first place, and the next three are asked for. The wording has {context}.
/// </summary>
/// <param name="alpha">α, above 1.</param>
/// <param name="length">Tokens of question and answer: a fiftieth of them is how many different words there are.</param>
internal sealed class FrequentWordsTask(Template wording, double alpha, int length) : RulerTask(wording)
{
    private const int Asked = 3, Letters = 6, TokensAWord = 50;

    private const string Dots = "...";

    private readonly double _zeta = Zeta(alpha);

    // From here on the last word that is asked for stands there more often than the next one, whatever is rounded down.
    public override int Least => (int)Math.Ceiling(_zeta / (Math.Pow(Asked + 1, -alpha) - Math.Pow(Asked + 2, -alpha)));

    public override LongQuestion Make(int number, PythonRandom random, int size)
    {
        var words = new MadeWords(random);
        string[] coded = [Dots, .. Enumerable.Range(0, Math.Max(length / TokensAWord, Asked + 2))
            .Select(_ => words.Letters(Letters, 'a'))];
        string[] all = [.. coded.SelectMany((word, k) => Enumerable.Repeat(word, (int)(size * Math.Pow(k + 1, -alpha) / _zeta)))];
        random.Shuffle(all);
        return new(Fill(("context", string.Join(' ', all))), coded[1..(Asked + 1)]);
    }

    /// <summary>Riemann's ζ of a number above 1: a sum, and its rest by Euler and Maclaurin.</summary>
    public static double Zeta(double s)
    {
        const int Terms = 1000;
        var sum = 0.0;
        for (var k = 1; k < Terms; k++)
            sum += Math.Pow(k, -s);
        return sum + Math.Pow(Terms, 1 - s) / (s - 1) + Math.Pow(Terms, -s) / 2 + s * Math.Pow(Terms, -s - 1) / 12;
    }
}
