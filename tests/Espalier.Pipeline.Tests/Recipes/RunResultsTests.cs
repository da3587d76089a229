using Espalier.Files;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages;

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
    public void Nothing_is_read_where_nothing_was_written() => Assert.Empty(RunResults.Read(_folder));

    [Fact]
    public void A_changed_digit_is_noticed()
    {
        using var run = RunFolder.Open(Path.Combine(_folder, "run"));
        RunResults.Write(run, [Arm(run.Path)]);
        var file = Path.Combine(run.Path, RunResults.FileName);
        File.WriteAllText(file, File.ReadAllText(file).Replace("4.25", "4.35", StringComparison.Ordinal));
        Assert.Contains("does not have the hash", Assert.Throws<DamagedFileException>(() => RunResults.Read(run.Path)).Message);
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
