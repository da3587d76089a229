namespace Espalier.Evaluation.Shots;

/// <summary>How the documents of a pool become shots.</summary>
internal enum ShotOrder
{
    /// <summary>Drawn anew for each document (<see cref="PythonRandom"/> of 1234, begun once for a task).</summary>
    Random,

    /// <summary>The first ones of the pool, the same for all documents but for the document itself.</summary>
    First,
}

/// <summary>
/// Draws shots as lm-evaluation-harness 0.4 does (lm_eval/api/samplers.py): one generator for a whole task, so that each document's shots
/// depend on how many documents came before it. Where shots come from the very documents that are asked, one more is drawn and the
/// document itself left out.
/// </summary>
/// <param name="pool">Documents to draw from.</param>
/// <param name="drawsOneMore">Whether one more is drawn, to replace what equals the document.</param>
internal sealed class ShotSampler(int pool, int count, ShotOrder order, bool drawsOneMore)
{
    /// <summary>The harness's seed of few-shot draws.</summary>
    public const uint Seed = 1234;

    private readonly PythonRandom _random = new(Seed);

    /// <summary>The next document's shots, as places in the pool. Documents are asked for in their order, each once.</summary>
    /// <param name="isSame">Whether a document of the pool is the one that is asked.</param>
    public int[] Next(Func<int, bool> isSame)
    {
        if (count == 0)
            return [];
        var wanted = drawsOneMore ? count + 1 : count;
        if (wanted > pool)
            throw new EspalierException(
                $"{wanted} shots cannot be drawn from {pool} documents: use fewer shots, or more documents");
        var drawn = order == ShotOrder.First ? [.. Enumerable.Range(0, wanted)] : _random.Sample(pool, wanted);
        return drawsOneMore ? [.. drawn.Where(place => !isSame(place)).Take(count)] : drawn;
    }
}
