using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Alignment.Rollouts;

// Shapes: B batch, T time, M positions that count, D width.

/// <summary>How far a student is from its teacher on what it writes itself.</summary>
internal static class RolloutEvaluator
{
    private const int Rows = 8;

    /// <summary>Lets the student answer every prompt once, and compares each written token.</summary>
    /// <param name="student">The student; read only.</param>
    /// <param name="writer">The prompts, and how they are answered.</param>
    /// <param name="sequence">Inputs of a row.</param>
    /// <param name="length">Most tokens of an answer.</param>
    /// <param name="progress">Receives the prompts done.</param>
    /// <returns>Mean loss a written token, with its standard error over answers.</returns>
    public static PerplexityResult Run(
        Decoder student, Teacher teacher, RolloutWriter writer, LogitLoss loss, int sequence, int length, IProgressReporter progress,
        CancellationToken stop)
    {
        using var exact = student.Computing(ComputeType.Float32);
        using var task = progress.Begin("evaluate", writer.Prompts.Count, "prompts");
        var (rows, mean) = (new RolloutRows(writer.Prompts, sequence), new CountedMean());
        for (var first = 0L; first < writer.Prompts.Count; first += Rows)
        {
            stop.ThrowIfCancellationRequested();
            long[] asked = [.. Enumerable.Range(0, (int)Math.Min(Rows, writer.Prompts.Count - first)).Select(i => first + i)];
            foreach (var rollout in writer.Write(student, asked, first, length, stop))
            {
                var batch = rows.Allocate(1);
                rows.Fill(batch, 0, rollout);
                mean.Add(Sum(student, teacher, loss, batch), rollout.Written.Length);
            }
            task.Advance(asked.Length);
        }
        return mean.Result();
    }

    private static double Sum(Decoder student, Teacher teacher, LogitLoss loss, Batch batch)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids_BT = Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence).On(student.Device);
        var counted = CountedPositions.Of(batch, student.Device);
        var targets_M = counted.Rows(Tensor.From<long>(batch.Targets, batch.Tokens).On(student.Device));
        var hidden_BTD = student.Forward(ids_BT, places: batch.Places);
        var said = counted.Rows(teacher.OutputsOf(batch, ids_BT, []).Distributions);
        return loss.Backward(student.Head.Detach(), counted.Rows(hidden_BTD.View(-1, hidden_BTD.Size(-1))), targets_M, said, 1).Sum;
    }
}
