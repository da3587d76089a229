namespace Espalier.Compression.Pruning.Experts;

/// <summary>
/// An expert that goes and is averaged into one that stays: of what that becomes, its own matrices have what the shares of all that go into
/// it leave.
/// </summary>
/// <param name="Expert">An expert that stays.</param>
/// <param name="Gone">An expert of the same layer that goes.</param>
/// <param name="Share">The share of the one that goes, above 0 and at most 1.</param>
internal readonly record struct ExpertMerge(int Expert, int Gone, double Share)
{
    private const double Rounding = 1e-9;

    /// <summary>Refuses merges that cannot be.</summary>
    /// <param name="merges">Those of the kept layers.</param>
    /// <param name="layers">How many layers are kept.</param>
    /// <param name="experts">Experts of a layer of the teacher.</param>
    /// <param name="kept">Of a kept layer the experts that stay.</param>
    /// <exception cref="EspalierException">One names an expert of the wrong kind or twice, or its share is none.</exception>
    public static void Check(ExpertMerge[][] merges, int layers, int experts, Func<int, IReadOnlyList<int>> kept)
    {
        if (merges.Length != layers)
            throw new EspalierException(
                $"plan: expert_merges has {merges.Length} lists but layers has {layers}; there must be one for each kept layer");
        for (var layer = 0; layer < layers; layer++)
            for (var i = 0; i < merges[layer].Length; i++)
                if (WhyNot(merges[layer], i, experts, kept(layer), layer) is { } problem)
                    throw new EspalierException($"plan: expert_merges[{layer}] has {merges[layer][i]}: {problem}");
    }

    public override string ToString() => FormattableString.Invariant($"[{Expert}, {Gone}, {Share:R}]");

    private static string? WhyNot(ExpertMerge[] merges, int at, int experts, IReadOnlyList<int> kept, int layer)
    {
        var (expert, gone, share) = merges[at];
        return !kept.Contains(expert) ? $"expert {expert} is not kept; the first of a merge must be in experts[{layer}]"
            : gone < 0 || gone >= experts ? $"expert {gone} does not exist; the teacher has 0 to {experts - 1}"
            : kept.Contains(gone) ? $"expert {gone} is kept; the second of a merge must be a removed expert"
            : merges.Count(merge => merge.Gone == gone) > 1 ? $"expert {gone} is merged more than once"
            : !(share > 0) || merges.Where(merge => merge.Expert == expert).Sum(merge => merge.Share) > 1 + Rounding
                ? "shares must be above 0, and those of one kept expert must add up to at most 1" : null;
    }
}
