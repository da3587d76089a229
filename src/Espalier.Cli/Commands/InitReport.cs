using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Planning;

namespace Espalier.Cli.Commands;

/// <summary>The result of <c>init</c>.</summary>
/// <param name="Output">The recipe.</param>
/// <param name="Teacher">The teacher.</param>
/// <param name="Student">The student that it asks for.</param>
/// <param name="NonEmbeddingKept">Student's over teacher's parameters beside the embedding.</param>
/// <param name="Sequence">Tokens of a window.</param>
/// <param name="Steps">Steps of the distillation.</param>
/// <param name="Next">Commands to go on with.</param>
internal sealed record InitReport(
    string Output, ModelForecast Teacher, ModelForecast Student, double NonEmbeddingKept, int Sequence, long Steps, IReadOnlyList<string> Next)
{
    internal static InitReport Of(string file, RecipePlan plan, RecipeDraft draft) => new(
        file, plan.Teacher, plan.Student, plan.NonEmbeddingKept, draft.Sequence, draft.Steps, [$"{ProgramName.Shown} plan {Shell(file)}", $"{ProgramName.Shown} compress {Shell(file)}"]);

    private static string Shell(string file) =>
        file.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-') ? file : $"'{file.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
