using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Alignment;

// Shapes: B batch, T time, M positions that count.

/// <summary>The loss on answers: the mean over the tokens that count, each given its own conversation alone.</summary>
internal static class AnswerLoss
{
    /// <summary>Windows of one forward pass.</summary>
    private const int Batch = 8;

    /// <summary>Runs over all windows, in the weights' own type; sums in float64.</summary>
    /// <param name="model">The model; read only.</param>
    /// <param name="windows">The windows, with a mask, each with a token that counts.</param>
    /// <param name="progress">Receives the windows done.</param>
    /// <returns>Loss and its standard error over windows, each weighing what it counts.</returns>
    public static PerplexityResult Run(Decoder model, WindowSet windows, IProgressReporter progress, CancellationToken stop)
    {
        using var exact = model.Computing(ComputeType.Float32);
        using var task = progress.Begin("evaluate", windows.Count, "windows");
        var mean = new CountedMean();
        foreach (var batch in new PackedText(windows, SampleOrder.Sequential(windows.Count)).Batches(windows.Count, Batch))
        {
            stop.ThrowIfCancellationRequested();
            var nll = Nll(model, batch);
            for (int row = 0, next = 0; row < batch.Size; row++)
            {
                var counted = batch.LossMask!.AsSpan(row * batch.Sequence, batch.Sequence).Count(true);
                mean.Add(nll.AsSpan(next, counted).ToArray().Sum(), counted);
                next += counted;
            }
            task.Advance(batch.Size);
        }
        return mean.Result();
    }

    /// <summary>−log q of the targets of a batch that count, in their order.</summary>
    internal static double[] Nll(Decoder model, Batch batch)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var hidden_BTD = model.Forward(Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence).On(model.Device), places: batch.Places);
        var counted = CountedPositions.Of(batch, model.Device);
        var targets_M = counted.Rows(Tensor.From<long>(batch.Targets, batch.Tokens).On(model.Device));
        return model.Head.Nll(counted.Rows(hidden_BTD.View(-1, hidden_BTD.Size(-1))), targets_M).To(DType.Float64).ToArray<double>();
    }
}
