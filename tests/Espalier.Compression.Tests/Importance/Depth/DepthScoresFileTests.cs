using Espalier.Compression.Importance.Depth;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance.Depth;

public sealed class DepthScoresFileTests
{
    private static DepthScores Scores => new()
    {
        Layers = 4,
        Samples = 3,
        SampleLength = 8,
        Teacher = "aa",
        Metrics = new Dictionary<DepthMetricKind, DepthMetricScores>
        {
            [DepthMetricKind.LmLoss] = new()
            {
                Whole = 1.5,
                Singles = [4, 1, 1, 3],
                Spans = new Dictionary<int, double[]> { [2] = [7, 9, 5] },
                Removed = [1, 3],
                RemovedValues = [1, 2.25],
            },
            [DepthMetricKind.Task] = new()
            {
                Whole = 0.5,
                Singles = [1, 2, 3, 4],
                Spans = new Dictionary<int, double[]>(),
                Removed = [],
                RemovedValues = [],
                WholeAccuracy = 0.75,
                Accuracies = [0.25, 0.5, 0.5, 0.25],
            },
        },
    };

    [Fact]
    public void What_is_written_is_read()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "depth.json");
        DepthScoresFile.Write(path, Scores);
        var read = DepthScoresFile.Read(path);
        Assert.Equal(File.ReadAllText(path), Rewritten(folder.Path, read));
        Assert.Equal([1, 3], read.Metrics[DepthMetricKind.LmLoss].Removed);
        Assert.Equal(0.75, read.Metrics[DepthMetricKind.Task].WholeAccuracy);
    }

    [Fact]
    public void Infinite_harm_is_null_in_the_file_and_does_not_go()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "depth.json");
        var loss = Scores.Metrics[DepthMetricKind.LmLoss] with
        {
            Singles = [double.PositiveInfinity, 1, double.PositiveInfinity, 3],
            Spans = new Dictionary<int, double[]> { [2] = [double.PositiveInfinity, 9, 5] },
        };
        DepthScoresFile.Write(path, Scores with
        {
            Metrics = new Dictionary<DepthMetricKind, DepthMetricScores> { [DepthMetricKind.LmLoss] = loss },
        });
        Assert.Contains("\"singles\": [null, 1, null, 3]", File.ReadAllText(path), StringComparison.Ordinal);
        var read = DepthScoresFile.Read(path);
        Assert.Equal(loss.Singles, read.Metrics[DepthMetricKind.LmLoss].Singles);
        Assert.Equal([0, 2], read.Keep(DepthMetricKind.LmLoss, DepthChoice.Scattered, 2));
        Assert.Equal([0, 1], read.Keep(DepthMetricKind.LmLoss, DepthChoice.Contiguous, 2));
        Assert.Contains("no more layers can go",
            Assert.Throws<NotFiniteException>(() => read.Keep(DepthMetricKind.LmLoss, DepthChoice.Scattered, 3)).Message);
    }

    [Theory]
    [InlineData(DepthChoice.Contiguous, 2, "0 1")]
    [InlineData(DepthChoice.Contiguous, 1, "0 2 3")]
    [InlineData(DepthChoice.Scattered, 2, "0 3")]
    [InlineData(DepthChoice.Greedy, 2, "0 2")]
    [InlineData(DepthChoice.Greedy, 0, "0 1 2 3")]
    internal void The_layers_that_stay_are_those_whose_removal_does_more_harm(DepthChoice choice, int drop, string kept) =>
        Assert.Equal(kept, string.Join(' ', Scores.Keep(DepthMetricKind.LmLoss, choice, drop)));

    [Fact]
    public void What_was_not_scored_is_refused_with_the_way_to_it()
    {
        Assert.Contains("spans of 3 layers were not scored",
            Assert.Throws<EspalierException>(() => Scores.Keep(DepthMetricKind.LmLoss, DepthChoice.Contiguous, 3)).Message);
        Assert.Contains("the greedy sequence has 2 layers, but 3 are to be dropped",
            Assert.Throws<EspalierException>(() => Scores.Keep(DepthMetricKind.LmLoss, DepthChoice.Greedy, 3)).Message);
        Assert.Contains("angular was not scored",
            Assert.Throws<EspalierException>(() => Scores.Keep(DepthMetricKind.Angular, DepthChoice.Scattered, 1)).Message);
    }

    [Theory]
    [InlineData("\"version\": 2", "\"version\": 3", "version 3 is newer than 2")]
    [InlineData("\"lm-loss\"", "\"lm-los\"", "did you mean lm-loss?")]
    [InlineData("[4, 1, 1, 3]", "[4, 1, 1]", "metrics.lm-loss.singles has 3 entries and must have 4")]
    [InlineData("[7, 9, 5]", "[7, 9]", "metrics.lm-loss.spans.2 has 2 entries and must have 3")]
    [InlineData("\"2\": [7", "\"5\": [7", "from 2 to the 4 layers")]
    [InlineData("[1, 3]", "[1, 4]", "it must list layers below 4, each once")]
    [InlineData("[1, 3]", "[1, 1]", "it must list layers below 4, each once")]
    [InlineData("\"whole\": 1.5", "\"whole\": \"x\"", "metrics.lm-loss.whole must be a finite number")]
    public void A_file_that_contradicts_itself_is_refused(string from, string to, string message)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "depth.json");
        DepthScoresFile.Write(path, Scores);
        var text = File.ReadAllText(path);
        Assert.Contains(from, text);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(message, Assert.Throws<EspalierException>(() => DepthScoresFile.Read(path)).Message);
    }

    private static string Rewritten(string folder, DepthScores scores)
    {
        var path = Path.Combine(folder, "again.json");
        DepthScoresFile.Write(path, scores);
        return File.ReadAllText(path);
    }
}
