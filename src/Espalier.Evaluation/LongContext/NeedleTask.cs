using Espalier.Evaluation.LongContext.Materials;
using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext;

/// <summary>What needles are hidden in.</summary>
internal enum Haystack
{
    /// <summary>One line, again and again.</summary>
    Noise,

    /// <summary>A text.</summary>
    Essay,

    /// <summary>Other needles, each with a name of its own.</summary>
    Needles,
}

/// <summary>What a needle's name and value are.</summary>
internal enum NeedlePart
{
    /// <summary>Two made-up words.</summary>
    Words,

    /// <summary>Seven digits.</summary>
    Numbers,

    /// <summary>A UUID.</summary>
    Uuids,
}

/// <summary>How many needles of what kind there are.</summary>
/// <param name="Haystack">What they are hidden in.</param>
/// <param name="Names">How many names there are.</param>
/// <param name="NamesAre">What the names are.</param>
/// <param name="Values">How many values each name has.</param>
/// <param name="ValuesAre">What the values are.</param>
/// <param name="Asked">How many of the names are asked for.</param>
internal sealed record NeedleRules(Haystack Haystack, int Names, NeedlePart NamesAre, int Values, NeedlePart ValuesAre, int Asked);

/// <summary>
/// Needles in a haystack (RULER, section 3.1): sentences that give a name a value, hidden in a text; some of the names are asked for. The
/// wording has {context} and {names}, and a needle {name} and {value}.
/// </summary>
/// <param name="rules">How many there are.</param>
/// <param name="essay">The words of the text that needles are hidden in, where it is one.</param>
internal sealed class NeedleTask(Template wording, Template needle, NeedleRules rules, IReadOnlyList<string> essay) : RulerTask(wording)
{
    /// <summary>Where needles may be in an essay, as RULER has it: forty places, from its beginning to its end.</summary>
    public const int Depths = 40;

    public override int Least => rules.Names * rules.Values;

    public override LongQuestion Make(int number, PythonRandom random, int size)
    {
        var words = new MadeWords(random);
        (string Name, string[] Values)[] hidden = [.. Enumerable.Range(0, rules.Names).Select(_ =>
            (Draw(words, rules.NamesAre), Enumerable.Range(0, rules.Values).Select(_ => Draw(words, rules.ValuesAre)).ToArray()))];
        var asked = random.Sample(hidden.Length, rules.Asked);
        string[] needles = [.. hidden.SelectMany(pair => pair.Values.Select(value => Needle(pair.Name, value)))];
        random.Shuffle(needles);
        string[] names = [.. asked.Select(place => hidden[place].Name)];
        return new(
            Fill(("context", Hide(needles, words, random, size)), ("names", Listed(names))),
            [.. asked.SelectMany(place => hidden[place].Values)]);
    }

    private string Hide(string[] needles, MadeWords words, PythonRandom random, int size)
    {
        if (rules.Haystack == Haystack.Essay)
        {
            var sentences = Noise.Sentences(essay, size);
            int[] depths = [.. random.Sample(Depths, needles.Length).Order()
                .Select(depth => (int)Math.Round(100.0 * depth / (Depths - 1)) * sentences.Count / 100)];
            return string.Join(' ', Inserted(sentences, depths, needles));
        }
        string[] lines = [.. Enumerable.Range(0, size).Select(_ => rules.Haystack == Haystack.Noise ? Noise.Line
            : Needle(Draw(words, rules.NamesAre), Draw(words, rules.ValuesAre)))];
        return string.Join('\n', Inserted(lines, [.. random.Sample(size, needles.Length).Order()], needles));
    }

    // Each needle before the line of its place; both are in order.
    private static IEnumerable<string> Inserted(IReadOnlyList<string> lines, int[] places, string[] needles)
    {
        var next = 0;
        for (var line = 0; line <= lines.Count; line++)
        {
            for (; next < places.Length && places[next] == line; next++)
                yield return needles[next];
            if (line < lines.Count)
                yield return lines[line];
        }
    }

    private string Needle(string name, string value) => Fill(needle, ("name", name), ("value", value));

    private static string Draw(MadeWords words, NeedlePart part) => part switch
    {
        NeedlePart.Words => words.Pair(),
        NeedlePart.Numbers => words.Number(),
        _ => words.Uuid(),
    };

    private static string Listed(string[] names) =>
        names.Length == 1 ? names[0] : $"{string.Join(", ", names[..^1])}, and {names[^1]}";
}
