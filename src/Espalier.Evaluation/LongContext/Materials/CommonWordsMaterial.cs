using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>Words that stand in a list more often than others (<see cref="CommonWordsTask"/>).</summary>
internal sealed record CommonWordsMaterial(int Common) : RulerMaterial
{
    public override int UsualAnswerTokens => 120;

    /// <summary>Reads its keys.</summary>
    public static new CommonWordsMaterial Read(TaskFields fields) => fields.Number("common", 10, least: 1) is <= 19 and var common
        ? new(common) : throw new EspalierException($"{fields.Place("common")} must be at most 19: the example has 20 words");

    public override RulerMaker Maker(TaskDefinition task, string? benchmarks) =>
        new(length => new CommonWordsTask(task.Prompt, Common, length));
}
