using Espalier.Compression.Training.Profiling;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages;

namespace Espalier.Cli.Commands;

/// <summary>What <c>distill</c>, <c>correct</c> and <c>pretrain</c> print with <c>--json</c>.</summary>
internal sealed record TrainingReport
{
    /// <summary>The Hugging Face folder that was written.</summary>
    public required string Output { get; init; }

    /// <summary>metrics.jsonl: a line a step.</summary>
    public required string Metrics { get; init; }

    /// <summary>Steps done.</summary>
    public required long Steps { get; init; }

    /// <summary>Mean loss of the last step, nats a token; null where no step was done.</summary>
    public double? FinalLoss { get; init; }

    /// <summary>The table: teacher where there is one, start, result.</summary>
    public required IReadOnlyList<ModelRow> Rows { get; init; }

    /// <summary>With <c>--profile</c>: where the time of the steps went; empty where the training was done before.</summary>
    public IReadOnlyList<StepProfile>? Profile { get; init; }

    internal static TrainingReport Of(string output, ModelFolder trained, IReadOnlyList<ModelRow> rows, IReadOnlyList<StepProfile>? profile)
    {
        var metrics = Path.Combine(Path.GetDirectoryName(trained.Path)!, "metrics.jsonl");
        var losses = MetricsLines.Read(metrics).Where(line => line.Fields.ContainsKey("loss")).ToList();
        return new()
        {
            Output = output,
            Metrics = metrics,
            Steps = losses.Count,
            FinalLoss = losses.Count == 0 ? null : (double?)losses[^1].Fields["loss"],
            Rows = rows,
            Profile = profile,
        };
    }
}
