using Espalier.Compression;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Evaluation.Requests;

// Shapes: R contexts, C continuations of each, T ids, L ids of the longest continuation but the last, D model width, V vocabulary.

/// <summary>
/// Log-likelihoods of continuations: what contexts share is computed once and its keys and values are kept, contexts of about one length go
/// through together, and all continuations of a context share it. A continuation of one id costs no forward pass of its own. Read only;
/// not for several threads.
/// </summary>
/// <param name="model">The model.</param>
internal sealed class LogLikelihoods(Decoder model)
{
    /// <summary>Ids that go through together, about: enough to keep products busy.</summary>
    private const int Together = 1024, MostRows = 64;

    /// <summary>So few that filling up costs less than another pass, and how much shorter than the longest others may be.</summary>
    private const int Few = 192;

    private const double LeastShare = 0.75;

    /// <summary>Scores all continuations of all requests.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="done">Told how many more requests are scored.</param>
    /// <param name="stop">Stops.</param>
    /// <returns>Scores of each request's continuations, in their order.</returns>
    public ContinuationScore[][] Of(IReadOnlyList<ScoredRequest> requests, Action<int>? done = null, CancellationToken stop = default)
    {
        using var noGrad = GradMode.Disable();
        var scores = new ContinuationScore[requests.Count][];
        var positions = model.Config.MaxPositions;
        int[] fitting = [.. Enumerable.Range(0, requests.Count).Where(i => IsWithin(requests[i], positions))];
        foreach (var group in SharedPrefixes.Of([.. fitting.Select(i => requests[i])]))
        {
            using var prefix = Prefix(requests[fitting[group.Requests[0]]].Context, group.Length);
            foreach (var batch in Batches([.. group.Requests.Select(i => fitting[i])], requests, group.Length))
            {
                stop.ThrowIfCancellationRequested();
                Score(batch, requests, prefix, scores);
                done?.Invoke(batch.Length);
            }
        }
        // What is cut on the left is cut elsewhere for each continuation, and nothing is shared.
        foreach (var i in Enumerable.Range(0, requests.Count).Except(fitting))
        {
            stop.ThrowIfCancellationRequested();
            scores[i] = [.. requests[i].Continuations.Select(ids => Alone(requests[i].Context, ids, positions))];
            done?.Invoke(1);
        }
        return scores;
    }

    private static bool IsWithin(ScoredRequest request, int positions) =>
        request.Continuations.All(ids => request.Context.Length + ids.Length - 1 <= positions);

    // Contexts of about one length after what they share, the longest first: what does not fit into memory is known at once.
    private static IEnumerable<int[]> Batches(IReadOnlyList<int> group, IReadOnlyList<ScoredRequest> requests, int shared) =>
        Alike(group.OrderByDescending(i => requests[i].Context.Length), i => requests[i].Context.Length - shared);

    // Runs of what is sorted by length, longest first, filled up to the first one's: little is wasted, and products are kept busy.
    private static IEnumerable<T[]> Alike<T>(IEnumerable<T> sorted, Func<T, int> lengthOf)
    {
        var run = new List<T>();
        var longest = 0;
        foreach (var item in sorted)
        {
            var length = lengthOf(item);
            var isAlike = length >= longest * LeastShare || longest * (run.Count + 1) <= Few;
            if (run.Count > 0 && (!isAlike || longest * (run.Count + 1) > Together || run.Count == MostRows))
            {
                yield return [.. run];
                run.Clear();
            }
            if (run.Count == 0)
                longest = length;
            run.Add(item);
        }
        if (run.Count > 0)
            yield return [.. run];
    }

    private KeyValueCache? Prefix(int[] context, int length)
    {
        if (length == 0)
            return null;
        var cache = new KeyValueCache(model.Config, 1, length, model.DType, model.Device);
        using var scope = TensorScope.Begin();
        model.Forward(Ids([context[..length]], length), cache: cache);
        return cache;
    }

    private void Score(int[] batch, IReadOnlyList<ScoredRequest> requests, KeyValueCache? prefix, ContinuationScore[][] scores)
    {
        using var scope = TensorScope.Begin();
        var shared = (int)(prefix?.Length ?? 0);
        var length = requests[batch[0]].Context.Length - shared;
        using var contexts = new KeyValueCache(model.Config, batch.Length, shared + length, model.DType, model.Device);
        if (prefix is not null)
            contexts.Repeat(prefix);
        var hidden_RTD = model.Forward(Ids([.. batch.Select(i => requests[i].Context[shared..])], length), cache: contexts);
        var rows = batch.SelectMany((i, row) => requests[i].Continuations.Select(ids =>
            new Row(i, row, requests[i].Context.Length, ids))).ToArray();

        // The first ids are predicted where the contexts end.
        var ends = rows.Select(row => (long)row.Context * length + row.ContextLength - shared - 1).ToArray();
        Predict(hidden_RTD.View(batch.Length * length, -1).IndexSelect(0, Indices(ends)), rows, 1, (row, _) => row.Ids[0]);
        foreach (var same in rows.Where(row => row.Ids.Length > 1).GroupBy(row => row.ContextLength))
            foreach (var some in Alike(same.OrderByDescending(row => row.Ids.Length), row => row.Ids.Length))
                Rest(some, contexts, same.Key);
        foreach (var i in batch)
            scores[i] = [.. rows.Where(row => row.Request == i).Select(row => new ContinuationScore(row.Sum, row.IsGreedy))];
    }

    // All ids but the last are read, after contexts of one length, and each predicts the one after it. What fills up shorter ones comes
    // after them, where nothing looks from.
    private void Rest(Row[] rows, KeyValueCache contexts, int contextLength)
    {
        using var scope = TensorScope.Begin();
        var length = rows[0].Ids.Length - 1;
        using var cache = contexts.Select(Indices([.. rows.Select(row => (long)row.Context)]), contextLength, length);
        var hidden_CLD = model.Forward(Ids([.. rows.Select(row => row.Ids[..^1])], length), cache: cache);
        Predict(hidden_CLD.View(rows.Length * length, -1), rows, length, (row, t) => t + 1 < row.Ids.Length ? row.Ids[t + 1] : -1);
    }

    private ContinuationScore Alone(int[] context, int[] ids, int positions)
    {
        using var scope = TensorScope.Begin();
        var all = new Compression.Evaluation.ContinuationIds(context, ids).Within(positions);
        var hidden_1TD = model.Forward(Ids([all[..^1]], all.Length - 1));
        var row = new Row(0, 0, context.Length, ids);
        Predict(hidden_1TD.Select(0, 0).Slice(0, all.Length - 1 - ids.Length, all.Length - 1), [row], ids.Length, (_, t) => ids[t]);
        return new(row.Sum, row.IsGreedy);
    }

    // Adds what the hidden states give to ids, `each` of them for a row; −1 is none.
    private void Predict(Tensor hidden_ND, IReadOnlyList<Row> rows, int each, Func<Row, int, int> target)
    {
        (Row Row, long Place, long Target)[] wanted = [.. rows.SelectMany((row, r) => Enumerable.Range(0, each)
            .Select(t => (Row: row, Place: (long)r * each + t, Target: (long)target(row, t)))).Where(entry => entry.Target >= 0)];
        var head = model.Head;
        head.Each(wanted.Length, (start, end) =>
        {
            var some = wanted[(int)start..(int)end];
            var logits_CV = head.Logits(hidden_ND.IndexSelect(0, Indices([.. some.Select(entry => entry.Place)])));
            var likeliest = logits_CV.ArgMax(-1).ToArray<long>();
            var nll = logits_CV.TokenNll(Indices([.. some.Select(entry => entry.Target)])).To(DType.Float64).ToArray<double>();
            for (var n = 0; n < some.Length; n++)
                some[n].Row.Add(nll[n], likeliest[n] == some[n].Target);
        });
    }

    private Tensor Ids(int[][] rows, int length) =>
        Tensor.From<long>([.. rows.SelectMany(row => row.Concat(Enumerable.Repeat(0, length - row.Length))).Select(id => (long)id)],
            rows.Length, length).On(model.Device);

    private Tensor Indices(long[] values) => Tensor.From<long>(values, values.Length).On(model.Device);

    private sealed class Row(int request, int context, int contextLength, int[] ids)
    {
        public int Request => request;

        public int Context => context;

        public int ContextLength => contextLength;

        public int[] Ids => ids;

        public double Sum { get; private set; }

        public bool IsGreedy { get; private set; } = true;

        public void Add(double nll, bool isLikeliest) => (Sum, IsGreedy) = (Sum - nll, IsGreedy && isLikeliest);
    }
}
