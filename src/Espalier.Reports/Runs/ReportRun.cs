using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Reports.Runs;

/// <summary>All that the report says, read once. What cannot be read is left out and said under <see cref="Problems"/>.</summary>
internal sealed class ReportRun
{
    private readonly Dictionary<(Type Kind, string Path), object?> _read = [];
    private readonly List<string> _problems = [];

    internal ReportRun(IReadOnlyList<CompressResult> results, RunManifest manifest, string recipeText)
    {
        (Manifest, RecipeText) = (manifest, recipeText);
        results = TextNames.Apart(results);
        Folder = results.Count > 0 ? results[0].Output : "";
        Arms = [.. results.Select(result => new ReportArm(
            result, result.Arm.Length > 0 ? result.Arm : "run",
            Once(result.Scores, ScoresFile.Read), Once(result.Plan, PlanFile.Read),
            result.Metrics.ToDictionary(stage => stage.Key, stage => Curve(stage.Value))))];
        Models = [.. Arms.SelectMany(arm => arm.Result.Rows.Select(row => (arm.Name, Row: row)))
            .GroupBy(entry => (entry.Row.Model, entry.Row.Path, entry.Row.Stage))
            .Select(group =>
                new ReportModel(group.First().Row, [.. group.Select(entry => entry.Name).Distinct()], Once(group.Key.Path, ConfigOf)))
            .OrderBy(model => model.IsTeacher ? 0 : 1)];
        foreach (var stage in Stages.Select(stage => stage.Folder)
            .Concat(Models.Select(model => model.Row.Samples ?? "")))
            Record(stage);
        Texts = [.. Models.SelectMany(model => model.Row.Evaluations).Select(evaluation => evaluation.Set).Distinct()];
    }

    internal string Folder { get; }

    internal RunManifest Manifest { get; }

    /// <summary>The recipe as it was written.</summary>
    internal string RecipeText { get; }

    /// <summary>Arms in their order; the first is the one that the recipe is about.</summary>
    internal IReadOnlyList<ReportArm> Arms { get; }

    /// <summary>Models, teachers first; one that several arms share comes once where they evaluate it on the same texts.</summary>
    internal IReadOnlyList<ReportModel> Models { get; }

    /// <summary>Names of the texts that were evaluated on.</summary>
    internal IReadOnlyList<string> Texts { get; }

    /// <summary>The stages of all arms; one that several arms share comes once.</summary>
    internal IEnumerable<StageRow> Stages => Arms.SelectMany(arm => arm.Result.Stages).DistinctBy(stage => stage.Folder);

    /// <summary>What could not be read.</summary>
    internal IReadOnlyList<string> Problems => _problems;

    /// <summary>The arm that was begun and not ended, or null.</summary>
    internal ReportArm? Unfinished => Arms.FirstOrDefault(arm => !arm.Result.IsFinished);

    /// <summary>Whether models need their arms named.</summary>
    internal bool HasArms => Arms.Count > 1;

    /// <summary>The model's title, with its arms where there are several and not all share it.</summary>
    internal string TitleOf(ReportModel model) =>
        HasArms && model.Arms.Count < Arms.Count ? $"{model.Title} ({string.Join(", ", model.Arms)})" : model.Title;

    /// <summary>The model of an arm, or null.</summary>
    internal ReportModel? ModelOf(ReportArm arm, string name) =>
        Models.FirstOrDefault(model => model.Row.Model == name && model.Arms.Contains(arm.Name));

    /// <summary>The teacher that a model's arm began from, evaluated on that arm's texts; null where it was not.</summary>
    internal ReportModel? TeacherOf(ReportModel model) =>
        Models.FirstOrDefault(teacher => teacher.Row.Model == "teacher" && teacher.Arms.Intersect(model.Arms).Any());

    /// <summary>The record of a stage by its folder's name; null where it is not done, or cannot be read.</summary>
    internal StageRecord? Record(string stage) => stage.Length == 0 ? null : Once(RunLayout.StageOf(Folder, stage), StageRecord.Read);

    /// <summary>A path as seen from the run folder, where it is inside; otherwise as it was given.</summary>
    internal string Relative(string path)
    {
        try
        {
            var relative = Path.GetRelativePath(Path.GetFullPath(Folder), Path.GetFullPath(path));
            return relative == ".." || relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? path
                : relative;
        }
        catch (ArgumentException)
        {
            return path;
        }
    }

    private TrainingCurve Curve(string path)
    {
        if (_read.TryGetValue((typeof(TrainingCurve), path), out var known))
            return (TrainingCurve)known!;
        var curve = TrainingCurve.Read(path);
        _read[(typeof(TrainingCurve), path)] = curve;
        if (curve.Problem is { } problem)
            _problems.Add(problem);
        return curve;
    }

    private static DecoderConfig ConfigOf(string path)
    {
        using var checkpoint = Checkpoint.Open(path, requireWeights: false);
        return checkpoint.Config;
    }

    /// <summary>
    /// Reads a file or folder once; null where there is none, or where it cannot be read, which is then a problem to name.
    /// </summary>
    private T? Once<T>(string? path, Func<string, T?> read) where T : class
    {
        if (path is null)
            return null;
        if (_read.TryGetValue((typeof(T), path), out var known))
            return (T?)known;
        T? value = null;
        try
        {
            if (Path.Exists(path))
                value = read(path);
        }
        catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException or JsonException
            or ArgumentException)
        {
            _problems.Add(error.Message);
        }
        _read[(typeof(T), path)] = value;
        return value;
    }
}
