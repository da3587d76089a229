using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Training;

namespace Espalier.Compression.Importance;

/// <summary>
/// First-order Taylor importance: the sum of |w · dL/dw| over the weights that touch a unit, with L the mean next-token loss over all
/// calibration samples at once. Beside the weights their gradients are in memory.
/// </summary>
internal static class TaylorScorer
{
    public static ImportanceScores Run(Decoder model, WindowSet windows, ScoreOptions options, IProgressReporter progress,
        CancellationToken stop)
    {
        var loss = new LogitObjective(new CrossEntropy());
        var scale = 1.0 / ((double)options.Samples * windows.SequenceLength);
        var weights = model.Parameters.Select(named => named.Value).ToArray();
        _ = LayerSpans.Widths(options.SpanWidths, model.Config.Layers);
        model.RequiresGrad = true;
        try
        {
            using var task = progress.Begin("score", options.Samples, "samples");
            foreach (var batch in PackedText.Scored(windows, "importance").Batches(options.Samples, options.Batch))
            {
                stop.ThrowIfCancellationRequested();
                if (!double.IsFinite(loss.Accumulate(model, batch, scale).Sum))
                    throw NotFinite($"the loss of calibration samples {batch.Windows[0]} to {batch.Windows[^1]}");
                task.Advance(batch.Size);
            }
            return Totals(model)
                .Result(ScoreMethod.Taylor, sum => sum, options.SpanWidths) with
            {
                Samples = options.Samples,
                SampleLength = windows.SequenceLength,
            };
        }
        finally
        {
            Gradients.Clear(weights);
            ProductOperators.TrimRooms();
            model.RequiresGrad = false;
        }
    }

    private static WeightTotals Totals(Decoder model)
    {
        using var noGrad = GradMode.Disable();
        var totals = new WeightTotals(model.Config);
        foreach (var (parameter, weight) in model.Parameters)
        {
            using var scope = TensorScope.Begin();
            if (weight.Grad() is not { } gradient)
                continue;
            if (!gradient.AllFinite())
                throw NotFinite($"the gradient of {parameter.Role}{(parameter.Layer < 0 ? "" : $" in layer {parameter.Layer}")}");
            totals.Add(parameter, 0, weight.Mul(gradient).Abs());
        }
        return totals;
    }

    private static EspalierException NotFinite(string what) =>
        new($"importance: {what} is not finite: look at the model's weights and at the calibration text") { ExitCode = 1 };
}
