using System.Globalization;
using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.LongContext;

/// <summary>Variables that are assigned to variables (<see cref="VariableTask"/>).</summary>
/// <param name="Chains">Chains of assignments.</param>
/// <param name="Hops">Assignments after the first of each.</param>
internal sealed record VariableMaterial(int Chains, int Hops) : RulerMaterial
{
    // RULER's example has at most 500 tokens, in which about ten lines go; shorter questions have shorter ones.
    private const int ExampleLines = 10, FullLength = 4096;

    /// <inheritdoc/>
    public override int UsualAnswerTokens => 30;

    /// <summary>Reads its keys.</summary>
    public static new VariableMaterial Read(TaskFields fields) =>
        new(fields.Number("chains", 1, least: 1), fields.Number("hops", 4, least: 1));

    /// <inheritdoc/>
    public override RulerMaker Maker(TaskDefinition task, string? benchmarks) => new(length =>
        new VariableTask(task.Prompt, Chains, Hops, Math.Min(ExampleLines, ExampleLines * length / FullLength)));
}

/// <summary>Words that stand in a list more often than others (<see cref="CommonWordsTask"/>).</summary>
/// <param name="Common">How many are.</param>
internal sealed record CommonWordsMaterial(int Common) : RulerMaterial
{
    /// <inheritdoc/>
    public override int UsualAnswerTokens => 120;

    /// <summary>Reads its keys.</summary>
    public static new CommonWordsMaterial Read(TaskFields fields) => fields.Number("common", 10, least: 1) is <= 19 and var common
        ? new(common) : throw new EspalierException($"{fields.Place("common")} must be at most 19: the example has 20 words");

    /// <inheritdoc/>
    public override RulerMaker Maker(TaskDefinition task, string? benchmarks) =>
        new(length => new CommonWordsTask(task.Prompt, Common, length));
}

/// <summary>Words that stand in a text as often as Zipf's law has it (<see cref="FrequentWordsTask"/>).</summary>
/// <param name="Alpha">α of that law.</param>
internal sealed record FrequentWordsMaterial(double Alpha) : RulerMaterial
{
    private const double Least = 1.2, Most = 5;

    /// <inheritdoc/>
    public override int UsualAnswerTokens => 50;

    /// <summary>Reads its keys.</summary>
    public static new FrequentWordsMaterial Read(TaskFields fields) => fields.TextOrNull("alpha") is not { } text ? new(2)
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var alpha) && alpha is >= Least and <= Most
            ? new(alpha)
        : throw new EspalierException(string.Create(CultureInfo.InvariantCulture,
            $"{fields.Place("alpha")} is '{text}' and must be a number from {Least} to {Most}"));

    /// <inheritdoc/>
    public override RulerMaker Maker(TaskDefinition task, string? benchmarks) =>
        new(length => new FrequentWordsTask(task.Prompt, Alpha, length));
}
