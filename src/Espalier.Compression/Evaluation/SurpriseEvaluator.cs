using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Evaluation;

// Shapes: B windows, T positions, N = B T, D width.

/// <summary>What a model lost on some windows, and what it expected to lose there; means over each window, nats per token.</summary>
/// <param name="Loss">−log p of the token that came.</param>
/// <param name="Expected">The entropy of p: the mean loss if the tokens were drawn from p.</param>
internal sealed record WindowSurprise(IReadOnlyList<double> Loss, IReadOnlyList<double> Expected)
{
    /// <summary>Loss beyond what was expected, of each window.</summary>
    public IReadOnlyList<double> Excess => [.. Loss.Zip(Expected, (loss, expected) => loss - expected)];
}

/// <summary>
/// Compares a model's loss with its own expectation. On text drawn from the model itself the two agree in the mean at every position,
/// whatever stands before; on text of another kind the model is surer than it should be, and the loss is above.
/// </summary>
internal static class SurpriseEvaluator
{
    /// <summary>Runs over at most <paramref name="most"/> windows, evenly spread over the data. No gradients; sums in float64.</summary>
    /// <param name="model">The model; read only.</param>
    /// <param name="most">Most windows that are looked at.</param>
    /// <param name="batch">Windows of one forward pass.</param>
    /// <param name="progress">Receives the windows done.</param>
    /// <param name="title">Its title.</param>
    public static WindowSurprise Run(
        Decoder model, WindowSet windows, int most, int batch, IProgressReporter progress, string title, CancellationToken stop = default)
    {
        var total = Math.Min(most, windows.WithoutMask("evaluation").Count);
        var source = new PackedText(windows, SampleOrder.Spread(windows.Count, total));
        var (losses, expected) = (new List<double>(), new List<double>());
        using var noGrad = GradMode.Disable();
        using var task = progress.Begin(title, total, "windows");
        foreach (var rows in source.Batches(total, batch))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            var hidden_BTD = model.Forward(Tensor.From<long>(rows.Inputs, rows.Size, rows.Sequence));
            var (loss_N, entropy_N) =
                model.Head.NllAndEntropy(hidden_BTD.View(-1, hidden_BTD.Size(-1)), Tensor.From<long>(rows.Targets, rows.Tokens));
            losses.AddRange(Means(loss_N, rows.Size));
            expected.AddRange(Means(entropy_N, rows.Size));
            task.Advance(rows.Size);
        }
        return new(losses, expected);
    }

    private static IEnumerable<double> Means(Tensor values_N, int windows)
    {
        var values = values_N.ToArray<double>();
        var sequence = values.Length / windows;
        for (var i = 0; i < windows; i++)
            yield return values.AsSpan(i * sequence, sequence).ToArray().Average();
    }
}
