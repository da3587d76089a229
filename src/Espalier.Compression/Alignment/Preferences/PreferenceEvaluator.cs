using Espalier.Compression.Data.Batches;
using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Alignment.Preferences;

/// <summary>What a model makes of pairs.</summary>
/// <param name="Nll">Mean loss of a pair, as training keeps a held-out loss: of DPO the negative log-likelihood of the preferences.</param>
/// <param name="Accuracy">Share of the pairs whose chosen answer gained more against the reference than the rejected one.</param>
/// <param name="Margin">Mean of β times how much more it gained, nats.</param>
internal sealed record PreferenceResult(PerplexityResult Nll, double Accuracy, double Margin);

/// <summary>Asks models about pairs.</summary>
internal static class PreferenceEvaluator
{
    /// <summary>Windows of one forward pass.</summary>
    private const int Rows = 8;

    /// <summary>Log-probabilities of the answers of all pairs of some windows, in the weights' own type.</summary>
    /// <param name="model">The model; read only.</param>
    /// <param name="first">The first window.</param>
    /// <param name="done">Told how many windows are done after each pass.</param>
    /// <param name="stop">Stops between two passes.</param>
    /// <returns>In the order of the pairs.</returns>
    public static List<PairLogProbabilities> Ask(
        Decoder model, PreferenceSet set, long first, long count, Action<int> done, CancellationToken stop)
    {
        using var exact = model.Computing(ComputeType.Float32);
        var found = new List<PairLogProbabilities>();
        var text = new PackedText(set.Windows,
            SampleOrder.Listed([.. Enumerable.Range(0, (int)count).Select(i => first + i)], set.Windows.Count));
        foreach (var batch in text.Batches(count, Rows))
        {
            stop.ThrowIfCancellationRequested();
            set.Each(batch, AnswerLoss.Nll(model, batch), (_, answers, _, _) => found.Add(answers));
            done(batch.Size);
        }
        return found;
    }

    /// <summary>
    /// Whether a pair is preferred the right way round; half of it where there is no preference, as before the first step.
    /// </summary>
    public static double Won(double delta) => delta > 0 ? 1 : delta < 0 ? 0 : 0.5;

    /// <summary>Loss, accuracy and margin of all pairs, whose reference is known.</summary>
    public static PreferenceResult Run(
        Decoder model, PreferenceSet set, PreferenceLoss loss, IProgressReporter progress, CancellationToken stop)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        using var task = progress.Begin("evaluate", set.Windows.Count, "windows");
        var deltas = Ask(model, set, 0, set.Windows.Count, rows => task.Advance(rows), stop)
            .Zip(set.Reference!, static (policy, reference) => policy.Margin - reference.Margin).ToArray();
        var losses = deltas.Zip(set.Pairs, (delta, pair) => loss.Of(delta, pair.Reward).Loss).ToArray();
        return new(PerplexityResult.Of(losses, losses.Length, started), deltas.Average(Won), loss.Beta * deltas.Average());
    }
}
