using Espalier.Compression;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Evaluation.Requests;

// Shapes: R contexts, C continuations of each, T ids, L ids of the longest continuation but the last, D model width, V vocabulary.

/// <summary>
/// Log-likelihoods of continuations: what contexts share is computed once and its keys and values are kept, contexts of one length go
/// through together, and all continuations of a context share it. A continuation of one id costs no forward pass of its own. Read only;
/// not for several threads.
/// </summary>
/// <param name="model">The model.</param>
internal sealed class LogLikelihoods(Decoder model)
{
    /// <summary>Ids that go through together, about: enough to keep products busy.</summary>
    private const int Together = 1024;

    private const int MostContexts = 64;

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
                done?.Invoke(batch.Count);
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

    // Contexts of one length after what they share, the longest first: what does not fit into memory is known at once.
    private static IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<int> group, IReadOnlyList<ScoredRequest> requests, int shared) =>
        group.GroupBy(i => requests[i].Context.Length).OrderByDescending(same => same.Key).SelectMany(same =>
            same.Chunk(Math.Clamp(Together / (same.Key - shared), 1, MostContexts)));

    private KeyValueCache? Prefix(int[] context, int length)
    {
        if (length == 0)
            return null;
        var cache = new KeyValueCache(model.Config, 1, length, model.DType, model.Device);
        using var scope = TensorScope.Begin();
        model.Forward(Ids([context[..length]], length), cache: cache);
        return cache;
    }

    private void Score(IReadOnlyList<int> batch, IReadOnlyList<ScoredRequest> requests, KeyValueCache? prefix, ContinuationScore[][] scores)
    {
        using var scope = TensorScope.Begin();
        var shared = (int)(prefix?.Length ?? 0);
        var length = requests[batch[0]].Context.Length - shared;
        using var contexts = new KeyValueCache(model.Config, batch.Count, shared + length, model.DType, model.Device);
        if (prefix is not null)
            contexts.Repeat(prefix);
        var hidden_RTD = model.Forward(Ids([.. batch.Select(i => requests[i].Context[shared..])], length), cache: contexts);
        var rows = batch.SelectMany((i, row) => requests[i].Continuations.Select(ids => new Row(i, row, ids))).ToArray();

        // The first ids are predicted where the contexts end.
        var ends_RD = hidden_RTD.Select(1, length - 1);
        Predict(ends_RD.IndexSelect(0, Indices([.. rows.Select(row => (long)row.Context)])), rows, (row, _) => row.Ids[0], 1);
        Rest(rows.Where(row => row.Ids.Length > 1).ToArray(), contexts);
        foreach (var i in batch)
            scores[i] = [.. rows.Where(row => row.Request == i).Select(row => new ContinuationScore(row.Sum, row.IsGreedy))];
    }

    // All ids but the last are read, after the contexts, and each predicts the one after it.
    private void Rest(Row[] rows, KeyValueCache contexts)
    {
        foreach (var some in rows.GroupBy(row => row.Ids.Length).OrderByDescending(same => same.Key).SelectMany(same =>
            same.Chunk(Math.Clamp(Together / same.Key, 1, MostContexts))))
        {
            using var scope = TensorScope.Begin();
            var length = some[0].Ids.Length - 1;
            using var cache = contexts.Select(Indices([.. some.Select(row => (long)row.Context)]), length);
            var hidden_CLD = model.Forward(Ids([.. some.Select(row => row.Ids[..^1])], length), cache: cache);
            Predict(hidden_CLD.View(some.Length * length, -1), some, (row, t) => row.Ids[t + 1], length);
        }
    }

    private ContinuationScore Alone(int[] context, int[] ids, int positions)
    {
        using var scope = TensorScope.Begin();
        var all = new Compression.Evaluation.ContinuationIds(context, ids).Within(positions);
        var hidden_1TD = model.Forward(Ids([all[..^1]], all.Length - 1));
        var row = new Row(0, 0, ids);
        Predict(hidden_1TD.Select(0, 0).Slice(0, all.Length - 1 - ids.Length, all.Length - 1), [row], (_, t) => ids[t], ids.Length);
        return new(row.Sum, row.IsGreedy);
    }

    // Adds what the hidden states give to ids, `each` of them for a row.
    private void Predict(Tensor hidden_ND, IReadOnlyList<Row> rows, Func<Row, int, int> target, int each)
    {
        var head = model.Head;
        head.Each(hidden_ND.Size(0), (start, end) =>
        {
            long[] targets = [.. Enumerable.Range((int)start, (int)(end - start)).Select(n => (long)target(rows[n / each], n % each))];
            var logits_CV = head.Logits(hidden_ND.Slice(0, start, end));
            var likeliest = logits_CV.ArgMax(-1).ToArray<long>();
            var nll = logits_CV.TokenNll(Indices(targets)).To(DType.Float64).ToArray<double>();
            for (var n = 0; n < nll.Length; n++)
                rows[(int)(start + n) / each].Add(nll[n], likeliest[n] == targets[n]);
        });
    }

    private Tensor Ids(int[][] rows, int length) =>
        Tensor.From<long>([.. rows.SelectMany(row => row).Select(id => (long)id)], rows.Length, length).On(model.Device);

    private Tensor Indices(long[] values) => Tensor.From<long>(values, values.Length).On(model.Device);

    private sealed class Row(int request, int context, int[] ids)
    {
        public int Request => request;

        public int Context => context;

        public int[] Ids => ids;

        public double Sum { get; private set; }

        public bool IsGreedy { get; private set; } = true;

        public void Add(double nll, bool isLikeliest) => (Sum, IsGreedy) = (Sum - nll, IsGreedy && isLikeliest);
    }
}
