namespace Espalier.Compression.Alignment.Preferences;

/// <summary>
/// What the reference says of all pairs, asked once and kept: a sealed file for every so many windows, so that an interrupted capture goes
/// on with the first that is missing, and a damaged one is written again.
/// </summary>
internal static class ReferenceAnswers
{
    /// <summary>Windows of a file.</summary>
    private const int Windows = 256;

    /// <summary>A file.</summary>
    /// <param name="FormatVersion">1.</param>
    /// <param name="First">Its first window.</param>
    /// <param name="Chosen">Log-probabilities of the chosen answers, pair after pair.</param>
    /// <param name="Rejected">Log-probabilities of the rejected answers.</param>
    internal sealed record Piece(int FormatVersion, long First, IReadOnlyList<double> Chosen, IReadOnlyList<double> Rejected);

    /// <summary>Reads what is there, and asks the model for the rest.</summary>
    /// <param name="folder">The folder; created.</param>
    /// <param name="model">Loads the reference; called where something is missing.</param>
    /// <param name="progress">Receives the windows done.</param>
    /// <param name="stop">Stops; whole files stay.</param>
    /// <exception cref="EspalierException">The disk refused, or a log-probability is not finite.</exception>
    public static List<PairLogProbabilities> Take(
        string folder, PreferenceSet set, Func<Decoder> model, IProgressReporter progress, CancellationToken stop)
    {
        DurableOutput.Guard(folder, () => DurableFiles.OnDisk.EnsureFolder(folder));
        Decoder? loaded = null;
        try
        {
            var found = new List<PairLogProbabilities>();
            using var task = progress.Begin("reference", set.Windows.Count, "windows");
            for (var first = 0L; first < set.Windows.Count; first += Windows)
            {
                var count = Math.Min(Windows, set.Windows.Count - first);
                var path = Path.Combine(folder, $"windows-{first:D9}.json");
                var pairs = set.Of(first + count - 1).End - set.Of(first).First;
                if (Read(path, first, pairs) is { } known)
                {
                    found.AddRange(known);
                    task.Report(first + count);
                    continue;
                }
                var asked = PreferenceEvaluator.Ask(loaded ??= model(), set, first, count, rows => task.Advance(rows), stop);
                if (asked.FindIndex(static answers => !double.IsFinite(answers.Chosen + answers.Rejected)) is >= 0 and var bad)
                    throw new EspalierException(
                        $"reference: the log-probability of an answer of pair {set.Of(first).First + bad} is not finite; look at the model "
                            + $"and the data")
                    { ExitCode = 1 };
                DurableOutput.WriteFile(path, SealedJson.Bytes(
                    new(1, first, [.. asked.Select(static one => one.Chosen)], [.. asked.Select(static one => one.Rejected)]),
                    RecordJson.Of<Piece>()));
                found.AddRange(asked);
            }
            return found;
        }
        finally
        {
            loaded?.Dispose();
        }
    }

    private static IEnumerable<PairLogProbabilities>? Read(string path, long first, int pairs)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            var piece = SealedJson.Read(path, RecordJson.Of<Piece>(), knownVersion: 1);
            return piece.First == first && piece.Chosen.Count == pairs && piece.Rejected.Count == pairs
                ? piece.Chosen.Zip(piece.Rejected, static (chosen, rejected) => new PairLogProbabilities(chosen, rejected)) : null;
        }
        catch (EspalierException)
        {
            return null;
        }
    }
}
