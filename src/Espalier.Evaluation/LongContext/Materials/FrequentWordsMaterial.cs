using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>Words that stand in a text as often as Zipf's law has it (<see cref="FrequentWordsTask"/>).</summary>
/// <param name="Alpha">α of that law.</param>
internal sealed record FrequentWordsMaterial(double Alpha) : RulerMaterial
{
    private const double Least = 1.2, Most = 5;

    public override int UsualAnswerTokens => 50;

    /// <summary>Reads its keys.</summary>
    public static new FrequentWordsMaterial Read(TaskFields fields) => fields.TextOrNull("alpha") is not { } text ? new(2)
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var alpha)
            && alpha is >= Least and <= Most ? new(alpha)
        : throw new EspalierException(string.Create(CultureInfo.InvariantCulture,
            $"{fields.Place("alpha")} is '{text}' and must be a number from {Least} to {Most}"));

    public override RulerMaker Maker(TaskDefinition task, string? benchmarks) =>
        new(length => new FrequentWordsTask(task.Prompt, Alpha, length));
}
