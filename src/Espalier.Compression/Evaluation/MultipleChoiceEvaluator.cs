using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Evaluation;

// Shapes: B rows, T positions, D model width, N scored positions.

/// <summary>Runs a model over a multiple-choice task.</summary>
internal static class MultipleChoiceEvaluator
{
    /// <summary>The log-likelihood, nats, of every row's choice after its context.</summary>
    /// <param name="model">The model; read only.</param>
    /// <param name="task">The task.</param>
    /// <param name="batch">Rows of one forward pass.</param>
    /// <param name="progress">Receives the rows done.</param>
    /// <param name="stop">Stops.</param>
    public static double[] LogLikelihoods(Decoder model, MultipleChoiceTask task, int batch, IProgressReporter progress,
        CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var sums = new double[task.Rows.Count];
        using var noGrad = GradMode.Disable();
        using var reported = progress.Begin("multiple choice", task.Rows.Count, "choices");
        foreach (var rows in task.Batches(batch))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            var hidden_BTD = model.Forward(Tensor.From<long>(rows.Ids, rows.Rows, rows.Length));
            var scored_ND = hidden_BTD.View(-1, hidden_BTD.Size(-1))
                .IndexSelect(0, Tensor.From<long>(rows.Positions, rows.Positions.Length).On(model.Device));
            var nll = model.Head.Nll(scored_ND, Tensor.From<long>(rows.Targets, rows.Targets.Length)).To(DType.Float64).ToArray<double>();
            for (var i = 0; i < nll.Length; i++)
                sums[rows.FirstRow + rows.Positions[i] / rows.Length] -= nll[i];
            reported.Report(rows.FirstRow + rows.Rows);
        }
        return sums;
    }
}
