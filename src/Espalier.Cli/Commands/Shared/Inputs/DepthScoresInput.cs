using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Importance.Depth;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>What <c>depth --output</c> wrote, and the metric in it that says which layers go.</summary>
internal sealed class DepthScoresInput
{
    private readonly TextOption _file = new("--depth-scores",
        "Output of espalier depth, which decides which layers to remove; text or --scores decide widths if these are cut", "FILE.json");

    private readonly ValueOption<DepthMetricKind> _metric = new("--depth-metric", Kinds.Choice<DepthMetricKind>(),
        "Metric of that file to use; by default block-influence, or the only one in it");

    internal IEnumerable<Option> Options => [_file, _metric];

    /// <summary>The file: that of the option, or of <c>--scores</c> where its content is scores of layers.</summary>
    internal string? File(CommandRun run, string? scores)
    {
        var layers = scores is not null && IsOfLayers(scores) ? scores : null;
        if (layers is not null && run.Has(_file))
            throw new EspalierException($"--scores {scores} and --depth-scores are both scores of layers: give one of them");
        if (layers is null && !run.Has(_file) && run.Has(_metric))
            throw new EspalierException("--depth-metric is for scores of layers, which were not given: add --depth-scores FILE.json");
        return run.Get(_file) ?? layers;
    }

    /// <summary>The metric that chooses.</summary>
    internal DepthMetricKind Choose(CommandRun run, string path, DepthScores scores, DecoderConfig teacher, DecoderConfig student)
    {
        if (scores.Layers != teacher.Layers)
            throw new EspalierException(
                $"{path}: has scores of {scores.Layers} layers, but the model has {teacher.Layers}: score this model");
        if (student.Layers == teacher.Layers)
            throw new EspalierException(
                $"{path}: says which layers to remove, but none are to be removed: say how many to keep with --layers, or leave the "
                    + "file out");
        string[] there = [.. scores.Metrics.Keys.Order().Select(EnumName.Of)];
        if (run.Get(_metric) is { } asked)
            return scores.Metrics.ContainsKey(asked) ? asked
                : throw new EspalierException($"--depth-metric is {EnumName.Of(asked)}, but {path} has {string.Join(", ", there)}");
        if (scores.Metrics.ContainsKey(DepthMetricKind.BlockInfluence))
            return DepthMetricKind.BlockInfluence;
        return scores.Metrics.Count == 1
            ? scores.Metrics.Keys.Single()
            : throw new EspalierException($"{path}: has {string.Join(", ", there)}: choose one with --depth-metric");
    }

    /// <summary>
    /// Scores of layers have metrics, scores of units axes. What is no JSON is left to whoever reads it, and says what is wrong.
    /// </summary>
    private static bool IsOfLayers(string path) =>
        JsonFile.Holds(path, DepthScoresFile.MaxBytes, root => root.TryGetProperty("metrics", out _)
            && !root.TryGetProperty("axes", out _));
}
