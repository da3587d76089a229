using Espalier.Pipeline.Runs.Logs;
using Espalier.Reports.Charts;

namespace Espalier.Reports.Runs;

/// <summary>What a training stage's metrics.jsonl says, by step.</summary>
internal sealed class TrainingCurve
{
    /// <summary>Training loss, nats per token; NaN where a step was skipped for it.</summary>
    internal List<Point> Loss { get; } = [];

    /// <summary>Loss on held-out text with its standard error.</summary>
    internal List<Point> HeldOut { get; } = [];

    internal List<Point> LearningRate { get; } = [];

    /// <summary>Norm of the gradient before clipping.</summary>
    internal List<Point> GradientNorm { get; } = [];

    /// <summary>Tokens trained on.</summary>
    internal double Tokens { get; private set; } = double.NaN;

    /// <summary>Steps that changed no weight.</summary>
    internal int Skipped { get; private set; }

    /// <summary>Why reading ended early, or null.</summary>
    internal string? Problem { get; private set; }

    /// <summary>Last training step.</summary>
    internal long Steps { get; private set; }

    /// <summary>Reads as far as the file can be believed. A missing file gives an empty curve.</summary>
    internal static TrainingCurve Read(string path)
    {
        var curve = new TrainingCurve();
        try
        {
            foreach (var (step, fields) in MetricsLines.Read(path))
                curve.Add(step, fields);
        }
        catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            curve.Problem = error.Message;
        }
        return curve;
    }

    private void Add(long step, JsonObject fields)
    {
        if (fields.ContainsKey("loss"))
        {
            Steps = step;
            Loss.Add(new(step, Number(fields, "loss")));
            LearningRate.Add(new(step, Number(fields, "learning_rate")));
            GradientNorm.Add(new(step, Number(fields, "gradient_norm")));
            Tokens = Number(fields, "tokens");
            Skipped += fields["skipped"] is JsonValue value && value.TryGetValue<bool>(out var skipped) && skipped ? 1 : 0;
        }
        if (fields.ContainsKey("held_out_nll"))
            HeldOut.Add(new(step, Number(fields, "held_out_nll"), Number(fields, "held_out_nll_se")));
    }

    /// <summary>A number, or NaN for whatever else stands there.</summary>
    private static double Number(JsonObject fields, string name) =>
        fields[name] is JsonValue value && value.TryGetValue<double>(out var number) ? number : double.NaN;
}
