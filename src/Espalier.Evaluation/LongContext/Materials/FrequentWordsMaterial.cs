using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>Words that stand in a text as often as Zipf's law has it (<see cref="FrequentWordsTask"/>).</summary>
/// <param name="Alpha">α of that law.</param>
internal sealed record FrequentWordsMaterial(double Alpha) : RulerMaterial
{
    public override int UsualAnswerTokens => 50;

    /// <summary>Reads its keys.</summary>
    public static new FrequentWordsMaterial Read(TaskFields fields) => new(fields.Number("alpha", 2, least: 1.2, most: 5));

    public override RulerMaker Maker(TaskDefinition task, string? benchmarks) =>
        new(length => new FrequentWordsTask(task.Prompt, Alpha, length));
}
