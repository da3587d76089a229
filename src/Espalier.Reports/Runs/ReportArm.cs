using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Models;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Reports.Runs;

/// <summary>One arm of the run with what its files say.</summary>
/// <param name="Result">What the run returned.</param>
/// <param name="Name">Its name.</param>
/// <param name="Scores">Importance, where it was scored and can be read.</param>
/// <param name="Plan">The plan, where one was applied and can be read.</param>
/// <param name="Curves">By training stage.</param>
internal sealed record ReportArm(
    CompressResult Result, string Name, ImportanceScores? Scores, PruningPlan? Plan, IReadOnlyDictionary<string, TrainingCurve> Curves);

/// <summary>A model of the report: a row of the final table, and the arms that share it.</summary>
/// <param name="Row">The row.</param>
/// <param name="Arms">Names of the arms.</param>
/// <param name="Config">Its shape; null where its folder is gone.</param>
internal sealed record ReportModel(ModelRow Row, IReadOnlyList<string> Arms, DecoderConfig? Config)
{
    /// <summary>Whether the run began from it.</summary>
    internal bool IsTeacher => Row.Model is "teacher" or "corrected teacher";

    /// <summary>What a reader calls it.</summary>
    internal string Title => Row.Model switch
    {
        "teacher" => "Teacher",
        "corrected teacher" => "Corrected teacher",
        "pruned" => "Pruned, before training",
        "student" => "Student",
        ['p', 'r', 'u', 'n', 'e', 'd', ' ', .. var cycle] => $"Pruned {cycle}, before training",
        { Length: > 0 } other => $"{char.ToUpperInvariant(other[0])}{other[1..]}",
        var none => none,
    };
}
