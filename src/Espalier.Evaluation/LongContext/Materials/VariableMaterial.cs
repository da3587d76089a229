using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>Variables that are assigned to variables (<see cref="VariableTask"/>).</summary>
/// <param name="Chains">Chains of assignments.</param>
/// <param name="Hops">Assignments after the first of each.</param>
internal sealed record VariableMaterial(int Chains, int Hops) : RulerMaterial
{
    // RULER's example has at most 500 tokens, in which about ten lines go; shorter questions have shorter ones.
    private const int ExampleLines = 10, FullLength = 4096;

    public override int UsualAnswerTokens => 30;

    /// <summary>Reads its keys.</summary>
    public static new VariableMaterial Read(TaskFields fields) =>
        new(fields.Number("chains", 1, least: 1), fields.Number("hops", 4, least: 1));

    public override RulerMaker Maker(TaskDefinition task, string? benchmarks) => new(length =>
        new VariableTask(task.Prompt, Chains, Hops, Math.Min(ExampleLines, ExampleLines * length / FullLength)));
}
