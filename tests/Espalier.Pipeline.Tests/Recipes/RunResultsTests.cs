using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Tests.Recipes;

public sealed class RunResultsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-results-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_written_is_read_back_from_wherever_the_folder_was_moved_to()
    {
        var (before, after) = (Path.Combine(_folder, "before"), Path.Combine(_folder, "elsewhere", "after"));
        using (var run = RunFolder.Open(before))
            RunResults.Write(run, [Arm(before)]);
        Directory.CreateDirectory(Path.GetDirectoryName(after)!);
        Directory.Move(before, after);
        var read = Assert.Single(RunResults.Read(after));
        Assert.Equal((after, Path.Combine(after, "student"), Path.Combine(after, "stages/score/scores.json")),
            (read.Output, read.Student, read.Scores));
        Assert.Equal(Path.Combine(after, "stages/distill/metrics.jsonl"), read.Metrics["distill"]);
        Assert.Equal(["/elsewhere/teacher", Path.Combine(after, "student")], read.Rows.Select(row => row.Path));
        Assert.Equal(Arm(before).Rows[1] with { Path = "", Evaluations = [] }, read.Rows[1] with { Path = "", Evaluations = [] });
        Assert.Equal(double.PositiveInfinity, read.Rows[1].Evaluations[0].Nll);
    }

    [Fact]
    public void A_path_that_was_given_relative_stays_relative()
    {
        using var run = RunFolder.Open(Path.Combine(_folder, "run"));
        var arm = Arm(run.Path);
        RunResults.Write(run, [arm with { Rows = [arm.Rows[0] with { Path = "models/teacher" }] }]);
        Assert.Equal("models/teacher", RunResults.Read(run.Path)[0].Rows[0].Path);
    }

    [Fact]
    public void Benchmarks_are_read_back_with_their_comparisons()
    {
        var task = new TaskComparison("next", 2, 30,
            [new("teacher", [new("loss", 3.5, 0.2, MetricScale.Perplexity)], 0, 1.5),
                new("student", [new("loss", 4, 0.3, MetricScale.Perplexity)], 1, 2)],
            [new("student", 0.5, 0.1, 0.9, 3, 9, PairedTest.Permutation, 0.02, 0.04)],
            [SubjectRow.Of("one", 10, [3, 5], new("loss", MetricScale.Perplexity)),
                SubjectRow.Of("two", 20, [4, 3.9], new("loss", MetricScale.Perplexity))])
        { IsLowerBetter = true };
        using var run = RunFolder.Open(Path.Combine(_folder, "run"));
        var arm = Arm(run.Path);
        var row = new TaskRow("next", 2, 30, 1, [new("loss", 4, 0.3)], "task-next-1");
        RunResults.Write(run, [arm with { Tasks = [task], Rows = [arm.Rows[0], arm.Rows[1] with { Tasks = [row] }] }]);

        var read = RunResults.Read(run.Path)[0];
        Assert.Equal(["teacher", "student"], read.TaskModels);
        var found = Assert.Single(read.Tasks!);
        Assert.Equal(task.Comparisons, found.Comparisons);
        Assert.Equal(task.Results.SelectMany(result => result.Metrics), found.Results.SelectMany(result => result.Metrics));
        var fallen = Assert.Single(found.Fallen);
        Assert.Equal(("one", 5, 2), (fallen.Name, fallen.Worst, fallen.Fall(found.IsLowerBetter)));
        Assert.Equal("task-next-1", Assert.Single(read.Rows[1].Tasks!).Stage);
        Assert.Null(read.Rows[0].Tasks);
    }

    [Fact]
    public void Nothing_is_read_where_nothing_was_written() => Assert.Empty(RunResults.Read(_folder));

    [Fact]
    public void A_changed_digit_is_noticed()
    {
        using var run = RunFolder.Open(Path.Combine(_folder, "run"));
        RunResults.Write(run, [Arm(run.Path)]);
        var file = Path.Combine(run.Path, RunResults.FileName);
        File.WriteAllText(file, File.ReadAllText(file).Replace("4.25", "4.35", StringComparison.Ordinal));
        Assert.Contains("does not match the hash", Assert.Throws<DamagedFileException>(() => RunResults.Read(run.Path)).Message);
    }

    private static CompressResult Arm(string folder) => new()
    {
        Arm = "arm",
        Output = folder,
        Student = Path.Combine(folder, "student"),
        Gguf = [],
        Rows =
        [
            new("arm", "teacher", "/elsewhere/teacher", 10, 5, 40, [new("held-out", 4.25, 0.1, 70, null, 640)],
                new(100, 90, 110, 5, 96)) { Stage = "evaluate-1" },
            new("arm", "student", Path.Combine(folder, "student"), 8, 4, 32,
                [new("held-out", double.PositiveInfinity, double.NaN, double.PositiveInfinity, 2, 640)], null),
        ],
        Stages = [new("arm", "score", "score", 1.5, false)],
        Scores = Path.Combine(folder, "stages/score/scores.json"),
        Metrics = new Dictionary<string, string> { ["distill"] = Path.Combine(folder, "stages/distill/metrics.jsonl") },
    };
}
