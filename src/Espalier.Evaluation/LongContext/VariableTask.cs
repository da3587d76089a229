using Espalier.Evaluation.LongContext.Materials;
using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext;

/// <summary>
/// Variable tracking (RULER, section 3.2): assignments of variables to variables, hidden in noise; which have the value of the first one? A
/// small question with its answer stands before it. The wording has {context}, {value} and {count}.
/// </summary>
/// <param name="chains">Chains of assignments, of which the first is asked for.</param>
/// <param name="hops">Assignments after the first of each chain.</param>
/// <param name="exampleLines">Lines of noise in the example.</param>
internal sealed class VariableTask(Template wording, int chains, int hops, int exampleLines) : RulerTask(wording)
{
    private const int NameLetters = 5, ExampleLetters = 3;

    public override int Least => 0;

    public override LongQuestion Make(int number, PythonRandom random, int size)
    {
        var words = new MadeWords(random);
        var example = Chains(words, random, ExampleLetters);
        var asked = Chains(words, random, NameLetters);
        var shown = $"{Text(example, random, exampleLines)} {string.Join(' ', example[0].Names)}\n\n";
        return new(shown + Text(asked, random, size), asked[0].Names);
    }

    private List<(string Value, string[] Names)> Chains(MadeWords words, PythonRandom random, int letters) =>
        [.. Enumerable.Range(0, chains).Select(_ => ($"{10_000 + random.Below(90_000)}",
            Enumerable.Range(0, hops + 1).Select(_ => words.Letters(letters, 'A')).ToArray()))];

    private string Text(List<(string Value, string[] Names)> hidden, PythonRandom random, int lines)
    {
        var before = new List<string>[lines + 1];
        for (var line = 0; line <= lines; line++)
            before[line] = [];
        foreach (var (value, names) in hidden)
        {
            // Each before a line of noise of its own, in the order of the chain; side by side only where there are too few lines.
            var places = lines >= names.Length ? random.Sample(lines, names.Length).Order().ToArray()
                : [.. Enumerable.Range(0, names.Length).Select(_ => random.Below(lines + 1)).Order()];
            foreach (var (i, place) in places.Index())
                before[place].Add(i == 0 ? $"VAR {names[0]} = {value}" : $"VAR {names[i]} = VAR {names[i - 1]}");
        }
        var context = before.Select((assignments, line) =>
            string.Join(' ', line < lines ? assignments.Append($"{Noise.Line}\n") : assignments));
        return Fill(("context", string.Join(' ', context.Where(static line => line.Length > 0)).TrimEnd('\n')),
            ("value", hidden[0].Value), ("count", $"{hops + 1}"));
    }
}
