using Espalier.Compression.Data.Batches;
using Espalier.Compression.Training;

namespace Espalier.Compression.Evaluation;

/// <summary>The negative log-likelihood of a text under a model.</summary>
public sealed record PerplexityResult
{
    /// <summary>Mean negative log-likelihood, nats per token.</summary>
    public required double Nll { get; init; }

    /// <summary>
    /// Standard error of <see cref="Nll"/> over the windows, which are taken as the independent samples; 0 with one window.
    /// </summary>
    public required double NllStandardError { get; init; }

    /// <summary>e^<see cref="Nll"/>.</summary>
    public double Perplexity => Math.Exp(Nll);

    /// <summary>Tokens predicted.</summary>
    public required long Tokens { get; init; }

    /// <summary>Mean of each window, nats per token.</summary>
    public required IReadOnlyList<double> WindowNll { get; init; }

    /// <summary>Seconds of the pass.</summary>
    public required double Seconds { get; init; }

    /// <summary>That of windows of the same number of tokens, by their means and the time stamp of the beginning.</summary>
    internal static PerplexityResult Of(IReadOnlyList<double> windows, long tokens, long started) => new()
    {
        Nll = windows.Average(),
        NllStandardError = windows.Count < 2 ? 0 : WelchInterval.MeanAndError(windows).StandardError,
        Tokens = tokens,
        WindowNll = windows,
        Seconds = System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds,
    };
}

/// <summary>Scores windows of token ids: every target given its window's earlier ids, positions restarting at 0 in each window.</summary>
internal static class PerplexityEvaluator
{
    /// <summary>
    /// Runs over the first <paramref name="count"/> windows (all where null), with products in <paramref name="compute"/> whatever the
    /// model is trained in. Sums in float64.
    /// </summary>
    /// <param name="model">The model; read only.</param>
    /// <param name="batch">Windows of one forward pass.</param>
    /// <param name="progress">Receives the windows done.</param>
    /// <param name="perToken">Given each window's number, its inputs with the last target appended, and the NLL of each target.</param>
    /// <param name="compute">What the products with weights are computed in; losses are float32.</param>
    /// <exception cref="EspalierException">There are fewer windows than requested.</exception>
    public static PerplexityResult Run(
        Decoder model, WindowSet windows, long? count, int batch, IProgressReporter progress,
        Action<long, long[], float[]>? perToken = null, ComputeType compute = ComputeType.Float32, CancellationToken stop = default)
    {
        var total = count ?? windows.WithoutMask("evaluation").Count;
        if (total < 1 || total > windows.Count)
            throw new EspalierException(
                $"{total} windows were requested, but the data has {windows.Count} of {windows.SequenceLength} tokens");
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var sequence = windows.SequenceLength;
        var means = new List<double>();
        using var computing = model.Computing(compute);
        using var task = progress.Begin("evaluate", total, "windows");
        using var workers = WorkersFor(model, total, batch);
        var nll = new float[workers?.Count ?? 1][];
        var zeros = 0L;
        foreach (var round in PackedText.Scored(windows, "evaluation").Batches(total, batch).Chunk(nll.Length))
        {
            stop.ThrowIfCancellationRequested();
            if (workers is null)
                nll[0] = TokenNll(model, round[0], ref zeros);
            else
                workers.Run(index => nll[index] = index < round.Length ? TokenNll(model, round[index], ref zeros) : []);
            foreach (var (rows, values) in round.Zip(nll))
            {
                for (var i = 0; i < rows.Size; i++)
                {
                    var window = values.AsSpan(i * sequence, sequence);
                    means.Add(Mean(window));
                    perToken?.Invoke(rows.Windows[i], [.. rows.Inputs.AsSpan(i * sequence, sequence), rows.Targets[(i + 1) * sequence - 1]],
                        window.ToArray());
                }
                task.Advance(rows.Size);
            }
        }
        if (zeros > 0)
            progress.Warn($"evaluate: the last norm gives nothing but zeros for {zeros} of {total * sequence} tokens, as where the squares "
                + "of its inputs are beyond float32: the model's activations overflow, and the loss means nothing");
        return PerplexityResult.Of(means, total * sequence, started);
    }

    // Batches side by side, a thread each, where the model is small: as many as a training of it would have replicas.
    private static WorkerThreads? WorkersFor(Decoder model, long windows, int batch)
    {
        if (!WorkerThreads.AreSupported || model.Device != Device.Cpu)
            return null;
        var batches = (int)Math.Min(TorchRuntime.Threads, (windows + batch - 1) / batch);
        var layout = ReplicaLayout.Of(TorchRuntime.Threads, batches, batches, model.Config.Parameters * model.DType.Size());
        return layout.Replicas == 1 ? null : new(layout.Replicas, layout.ThreadsOfEach);
    }

    private static float[] TokenNll(Decoder model, Batch batch, ref long zeros)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var hidden_BTD = model.Forward(Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence));
        // What is infinite inside is divided away by the last norm, and the logits, all alike, look sound.
        Interlocked.Add(ref zeros, hidden_BTD.Norm([-1]).To(DType.Float32).ToArray<float>().Count(norm => norm == 0));
        return model.Head.Nll(hidden_BTD.View(-1, hidden_BTD.Size(-1)), Tensor.From<long>(batch.Targets, batch.Tokens)).To(DType.Float32)
            .ToArray<float>();
    }

    private static double Mean(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += value;
        return sum / values.Length;
    }
}
