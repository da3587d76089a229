using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>Needles in a haystack (<see cref="NeedleTask"/>).</summary>
/// <param name="Rules">How many there are.</param>
/// <param name="Essay">The file of the text that they are hidden in; null plain sentences.</param>
internal sealed record NeedleMaterial(NeedleRules Rules, Template Needle, string? Essay) : RulerMaterial
{
    private const int MaxEssay = 1 << 26;

    public override int UsualAnswerTokens => 128;

    /// <summary>Reads its keys.</summary>
    public static new NeedleMaterial Read(TaskFields fields)
    {
        var (names, values) = (fields.Inner("names"), fields.Inner("values"));
        var rules = new NeedleRules(
            fields.Word("haystack", Haystack.Noise, ("noise", Haystack.Noise), ("essay", Haystack.Essay), ("needles", Haystack.Needles)),
            names?.Number("count", 1, least: 1) ?? 1, Part(names, NeedlePart.Words),
            values?.Number("count", 1, least: 1) ?? 1, Part(values, NeedlePart.Numbers),
            fields.Number("asked", 1, least: 1));
        names?.Close();
        values?.Close();
        if (rules.Asked > rules.Names)
            throw new EspalierException(
                $"{fields.Place("asked")} is {rules.Asked}, but there are {rules.Names} names: raise names.count");
        return rules.Haystack != Haystack.Essay || rules.Names * rules.Values <= NeedleTask.Depths
            ? new(rules, fields.Template("needle"), fields.TextOrNull("essay"))
            : throw new EspalierException(
                $"{fields.Place("names")}: {rules.Names * rules.Values} needles are to be hidden in an essay, and at most "
                    + $"{NeedleTask.Depths} can be");
    }

    public override IReadOnlyList<string> OtherFiles => Essay is { } essay && Rules.Haystack == Haystack.Essay ? [essay] : [];

    public override RulerMaker Maker(TaskDefinition task, string? benchmarks)
    {
        if (Rules.Haystack != Haystack.Essay)
            return new(_ => new NeedleTask(task.Prompt, Needle, Rules, []));
        var file = Essay is null ? null : TaskData.Find(task, Essay, benchmarks);
        var words = file is null ? Noise.Words(Noise.Line, "") : Noise.Words(SmallFile.ReadText(file, MaxEssay), file);
        return new(_ => new NeedleTask(task.Prompt, Needle, Rules, words),
            Essay is null || file is not null ? null : $"{Essay} does not exist: needles are hidden in repeated plain sentences instead");
    }

    private static NeedlePart Part(TaskFields? fields, NeedlePart byDefault) => fields?.Word("of", byDefault, ("words", NeedlePart.Words),
        ("numbers", NeedlePart.Numbers), ("uuids", NeedlePart.Uuids)) ?? byDefault;
}
