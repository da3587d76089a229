namespace Espalier.Compression.Importance.Depth;

/// <summary>A context and what is scored after it, as a model reads them.</summary>
/// <param name="Ids">Both together, at most one more than the model has positions.</param>
/// <param name="Scored">How many ids at the end are scored.</param>
internal sealed record ScoredRow(int[] Ids, int Scored);

/// <summary>What log-likelihoods of a task's rows are worth.</summary>
/// <param name="Loss">Mean over questions of −log p of the right choice: smooth where accuracy jumps.</param>
/// <param name="Accuracy">Share of questions whose right choice is the likeliest.</param>
internal readonly record struct TaskVerdict(double Loss, double Accuracy);

/// <summary>
/// Questions with choices, as rows that variants of a model are run on. How they are written and judged is known to whoever makes it.
/// </summary>
/// <param name="Rows">A row for every choice, question by question.</param>
/// <param name="Judge">Judges by the log-likelihood of what is scored of each row, nats.</param>
internal sealed record DepthTask(IReadOnlyList<ScoredRow> Rows, Func<IReadOnlyList<double>, TaskVerdict> Judge)
{
    /// <summary>The rows in batches, each filled up to one length after, where causal attention never looks from.</summary>
    public IEnumerable<DepthBatch> Batches(int batch)
    {
        for (var first = 0; first < Rows.Count; first += batch)
        {
            var rows = Rows.Skip(first).Take(batch).ToArray();
            var length = rows.Max(row => row.Ids.Length) - 1;
            var ids = new long[rows.Length * length];
            var (positions, targets) = (new List<long>(), new List<long>());
            foreach (var (r, row) in rows.Index())
                for (var t = 0; t < row.Ids.Length - 1; t++)
                {
                    ids[r * length + t] = row.Ids[t];
                    if (t + 1 < row.Ids.Length - row.Scored)
                        continue;
                    positions.Add(r * length + t);
                    targets.Add(row.Ids[t + 1]);
                }
            yield return new(ids, rows.Length, length, [.. targets], [.. positions], first);
        }
    }
}
