using Espalier.Models.Layouts;

namespace Espalier.Evaluation.Requests;

// Shapes: T tokens of a row, D model width, V vocabulary, N wanted predictions, C of them at a time.

/// <summary>
/// Log-likelihoods of continuations: what contexts share is computed once and its keys and values are kept, and contexts with all their
/// continuations go through together in one row (<see cref="BranchedText"/>), so that none is computed twice or filled up. A continuation
/// of one id costs no token of its own. A model with Mamba layers takes each continuation with its context alone. Read only; not for
/// several threads.
/// </summary>
internal sealed class LogLikelihoods(Decoder model)
{
    /// <summary>Tokens that go through together, about: enough to keep products busy.</summary>
    private const int Together = 1024;

    /// <summary>Scores all continuations of all requests.</summary>
    /// <param name="done">Told how many more requests are scored.</param>
    /// <returns>Scores of each request's continuations, in their order.</returns>
    /// <exception cref="NotFiniteException">A log-likelihood is not finite, for the model's activations overflow.</exception>
    public ContinuationScore[][] Of(IReadOnlyList<ScoredRequest> requests, Action<int>? done = null, CancellationToken stop = default)
    {
        using var noGrad = GradMode.Disable();
        var scores = new ContinuationScore[requests.Count][];
        var positions = model.Config.MaxPositions;
        // Texts that turn by other factors than short ones (LongRoPE) share nothing with them; nor does any text where layers have a state,
        // which goes on in one way only.
        int[] fitting = model.Config.IsRecurrent ? [] : [.. Enumerable.Range(0, requests.Count)
            .Where(i => IsWithin(requests[i], Math.Min(positions, model.Config.LongAfter)))];
        foreach (var group in SharedPrefixes.Of([.. fitting.Select(i => requests[i])]))
        {
            var rows = Rows([.. group.Requests.Select(i => fitting[i])], requests, group.Length);
            using var prefix = Prefix(requests[rows[0][0]].Context, group.Length, rows.Max(row => Tokens(row, requests, group.Length)));
            foreach (var row in rows)
            {
                stop.ThrowIfCancellationRequested();
                Score(row, requests, prefix, group.Length, scores);
                foreach (var i in row)
                    RequireFinite(scores[i]);
                done?.Invoke(row.Length);
            }
        }
        // What is cut on the left is cut elsewhere for each continuation, and nothing is shared.
        foreach (var i in Enumerable.Range(0, requests.Count).Except(fitting))
        {
            stop.ThrowIfCancellationRequested();
            scores[i] = [.. requests[i].Continuations.Select(ids => Alone(requests[i].Context, ids, positions))];
            RequireFinite(scores[i]);
            done?.Invoke(1);
        }
        return scores;
    }

    // Comparisons with NaN are false, so that the first choice would win, and a score be made of it.
    private static void RequireFinite(ContinuationScore[] scores)
    {
        foreach (var score in scores)
            if (!double.IsFinite(score.LogLikelihood))
                throw new NotFiniteException(
                    $"a log-likelihood is {score.LogLikelihood}: the model's activations overflow, so its answers are meaningless");
    }

    private static bool IsWithin(ScoredRequest request, int positions) =>
        request.Continuations.All(ids => request.Context.Length + ids.Length - 1 <= positions);

    // The longest first: what does not fit into memory is known at once.
    private static List<int[]> Rows(IReadOnlyList<int> group, IReadOnlyList<ScoredRequest> requests, int shared)
    {
        var (rows, row, tokens) = (new List<int[]>(), new List<int>(), 0);
        foreach (var (request, own) in group.Select(i => (i, Tokens: Branched(requests[i], shared).Tokens))
            .OrderByDescending(one => one.Tokens))
        {
            if (row.Count > 0 && tokens + own > Together)
            {
                rows.Add([.. row]);
                (row, tokens) = ([], 0);
            }
            row.Add(request);
            tokens += own;
        }
        rows.Add([.. row]);
        return rows;
    }

    // All ids of a continuation but the last are read, and each predicts the one after it.
    private static BranchedText Branched(ScoredRequest request, int shared) => new(
        request.Context.Length - shared, [.. request.Continuations.Where(ids => ids.Length > 1).Select(ids => ids.Length - 1)]);

    private static int Tokens(int[] row, IReadOnlyList<ScoredRequest> requests, int shared) =>
        row.Sum(i => Branched(requests[i], shared).Tokens);

    private KeyValueCache? Prefix(int[] context, int length, int room)
    {
        if (length == 0)
            return null;
        var cache = new KeyValueCache(model.Config, 1, length + room, model.DType, model.Device);
        using var scope = TensorScope.Begin();
        model.Forward(Ids(context[..length]), cache: cache);
        return cache;
    }

    private void Score(int[] row, IReadOnlyList<ScoredRequest> requests, KeyValueCache? prefix, int shared, ContinuationScore[][] scores)
    {
        using var scope = TensorScope.Begin();
        var ids = new List<int>();
        var (all, wanted) = (new List<(int Request, Sum[] Sums)>(), new List<(Sum Sum, long Place, long Target)>());
        foreach (var i in row)
        {
            var request = requests[i];
            ids.AddRange(request.Context.AsSpan(shared));
            var last = ids.Count - 1;
            var sums = new Sum[request.Continuations.Count];
            foreach (var (c, continuation) in request.Continuations.Index())
            {
                sums[c] = new();
                wanted.Add((sums[c], last, continuation[0]));
                for (var t = 1; t < continuation.Length; t++)
                    wanted.Add((sums[c], ids.Count + t - 1, continuation[t]));
                ids.AddRange(continuation.AsSpan(0, continuation.Length - 1));
            }
            all.Add((i, sums));
        }
        var hidden_1TD = model.ForwardBranched(Ids([.. ids]), [.. row.Select(i => Branched(requests[i], shared))], prefix);
        Predict(hidden_1TD.Select(0, 0), wanted);
        foreach (var (request, sums) in all)
            scores[request] = [.. sums.Select(sum => sum.Score)];
    }

    private ContinuationScore Alone(int[] context, int[] ids, int positions)
    {
        using var scope = TensorScope.Begin();
        var all = new Compression.Evaluation.ContinuationIds(context, ids).Within(positions);
        var hidden_1TD = model.Forward(Ids(all[..^1]));
        var sum = new Sum();
        Predict(hidden_1TD.Select(0, 0), [.. ids.Select((id, t) => (sum, (long)all.Length - 1 - ids.Length + t, (long)id))]);
        return sum.Score;
    }

    // Adds what hidden states give to ids.
    private void Predict(Tensor hidden_TD, List<(Sum Sum, long Place, long Target)> wanted)
    {
        var head = model.Head;
        head.Each(wanted.Count, (start, end) =>
        {
            var some = wanted.GetRange((int)start, (int)(end - start));
            var logits_CV = head.Logits(hidden_TD.IndexSelect(0, Indices([.. some.Select(entry => entry.Place)])));
            var likeliest = logits_CV.ArgMax(-1).ToArray<long>();
            var nll = logits_CV.TokenNll(Indices([.. some.Select(entry => entry.Target)])).To(DType.Float64).ToArray<double>();
            for (var n = 0; n < some.Count; n++)
                some[n].Sum.Add(nll[n], likeliest[n] == some[n].Target);
        });
    }

    private Tensor Ids(int[] ids) => Tensor.From<long>([.. ids.Select(id => (long)id)], 1, ids.Length).On(model.Device);

    private Tensor Indices(long[] values) => Tensor.From<long>(values, values.Length).On(model.Device);

    private sealed class Sum
    {
        private double _logLikelihood;
        private bool _isGreedy = true;

        public ContinuationScore Score => new(_logLikelihood, _isGreedy);

        public void Add(double nll, bool isLikeliest) =>
            (_logLikelihood, _isGreedy) = (_logLikelihood - nll, _isGreedy && isLikeliest);
    }
}
