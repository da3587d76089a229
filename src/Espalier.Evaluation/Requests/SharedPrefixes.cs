namespace Espalier.Evaluation.Requests;

/// <summary>Requests whose contexts begin alike, and the length of what they share; 0 where that is not worth keeping.</summary>
internal sealed record PrefixGroup(int Length, IReadOnlyList<int> Requests);

/// <summary>Finds contexts that begin alike: the shots of a subject, an instruction, a passage with several questions.</summary>
internal static class SharedPrefixes
{
    /// <summary>A beginning that is shorter is computed again sooner than its keys and values are copied.</summary>
    private const int Least = 16;

    /// <summary>
    /// Groups of requests, each in one of them. In a group the shared beginning is at least half of each context; what shares none with
    /// another is in one group without.
    /// </summary>
    public static IReadOnlyList<PrefixGroup> Of(IReadOnlyList<ScoredRequest> requests)
    {
        int[] order = [.. Enumerable.Range(0, requests.Count)
            .Order(Comparer<int>.Create((a, b) => Compare(requests[a].Context, requests[b].Context)))];
        var (groups, alone) = (new List<PrefixGroup>(), new List<int>());
        for (var first = 0; first < order.Length;)
        {
            // The last id of a context is read anew for every request: what follows it is predicted there.
            var length = requests[order[first]].Context.Length - 1;
            var next = first + 1;
            for (; next < order.Length; next++)
            {
                var context = requests[order[next]].Context;
                var shared = Math.Min(Common(requests[order[first]].Context, context, length), context.Length - 1);
                if (shared < Least || 2 * shared < context.Length || 2 * shared < length)
                    break;
                length = shared;
            }
            if (next - first > 1)
                groups.Add(new(length, order[first..next]));
            else
                alone.Add(order[first]);
            first = next;
        }
        if (alone.Count > 0)
            groups.Add(new(0, alone));
        return groups;
    }

    private static int Common(int[] a, int[] b, int most)
    {
        var length = Math.Min(most, Math.Min(a.Length, b.Length));
        return a.AsSpan(0, length).CommonPrefixLength(b.AsSpan(0, length));
    }

    private static int Compare(int[] a, int[] b) => a.AsSpan().SequenceCompareTo(b);
}
