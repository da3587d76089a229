using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Forecasts;

/// <summary>A shape of a search, before it runs.</summary>
/// <param name="Layers">Blocks.</param>
/// <param name="Heads">Query heads of a block.</param>
/// <param name="Ffn">Width of the feed-forward block.</param>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Parameters">All weights.</param>
/// <param name="NonEmbeddingParameters">Weights without the embedding table and the head.</param>
/// <param name="MemoryBytes">Bytes of weights, keys and values at the search's context.</param>
/// <param name="ForwardFlopsPerToken">Floating-point operations of a token's forward pass.</param>
/// <param name="Experts">Experts of a block; null where there are none.</param>
/// <param name="ExpertFfn">Width of an expert; null where there are none.</param>
/// <param name="MambaHeads">Heads of a Mamba layer; null where there are none.</param>
/// <param name="MambaHeadDim">Channels of such a head; null where there are none.</param>
/// <param name="LinearKeyHeads">Key heads of a layer of linear attention; null where there are none.</param>
/// <param name="LinearValueHeads">Its value heads; null where there are none.</param>
/// <param name="LinearValueHeadDim">Channels of one of these; null where there are none.</param>
internal sealed record CandidateForecast(int Layers, int Heads, int Ffn, int Hidden, long Parameters, long NonEmbeddingParameters,
    long MemoryBytes, double ForwardFlopsPerToken, int? Experts = null, int? ExpertFfn = null, int? MambaHeads = null,
    int? MambaHeadDim = null, int? LinearKeyHeads = null, int? LinearValueHeads = null, int? LinearValueHeadDim = null)
{
    /// <summary>The forecast of a candidate.</summary>
    public static CandidateForecast Of(Candidate candidate, SearchSection search, int sequence, int elementBytes)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(search);
        return new(candidate.Layers, candidate.Heads, candidate.Ffn, candidate.Hidden, candidate.Parameters,
            candidate.NonEmbeddingParameters,
            candidate.MemoryBytes(elementBytes, search.Context, search.Sequences), candidate.Shape.ForwardFlopsPerToken(sequence),
            candidate.Experts, candidate.ExpertFfn, candidate.MambaHeads, candidate.MambaHeadDim, candidate.LinearKeyHeads,
            candidate.LinearValueHeads, candidate.LinearValueHeadDim);
    }
}

/// <summary>
/// A search before it runs: what it has to choose from and what it takes at most. Latency is not measured for it, and decides later.
/// </summary>
internal sealed record SearchPlan
{
    private const int Shown = 10;

    /// <summary>Shapes that keep to the constraints, latency aside.</summary>
    public required long Count { get; init; }

    /// <summary>The first of them, in the grid's order.</summary>
    public required IReadOnlyList<CandidateForecast> First { get; init; }

    /// <summary>How many are trained at most.</summary>
    public required int Trained { get; init; }

    /// <summary>Optimizer steps at which they are compared.</summary>
    public required IReadOnlyList<long> Rungs { get; init; }

    /// <summary>What that takes at most, evaluation aside, if the dearest go furthest.</summary>
    public required SearchCost Cost { get; init; }

    private SearchPlan(Candidate largest) => Largest = largest;

    /// <summary>The shape with the most parameters.</summary>
    internal Candidate Largest { get; }

    /// <summary>Plans a recipe's search.</summary>
    internal static SearchPlan Of(Recipe recipe, Checkpoint teacher, double? gflops)
    {
        var (search, sequence, bytes) = (recipe.Search!, recipe.Data.Sequence, teacher.StoredType.Bytes());
        var (count, first, largest) = (0L, new List<CandidateForecast>(), (Candidate?)null);
        var most = search.CandidatesFile is null ? search.Candidates : int.MaxValue;
        var dearest = new PriorityQueue<Candidate, double>();
        foreach (var candidate in search.Enumerate(teacher.Config, sequence, bytes, latency: null))
        {
            if (count++ < Shown)
                first.Add(CandidateForecast.Of(candidate, search, sequence, bytes));
            if (candidate.Parameters > (largest?.Parameters ?? 0))
                largest = candidate;
            dearest.Enqueue(candidate, candidate.Shape.ForwardFlopsPerToken(sequence));
            if (dearest.Count > most)
                dearest.Dequeue();
        }
        Candidate[] trained = [.. dearest.UnorderedItems.Select(item => item.Element)];
        return new(largest!)
        {
            Count = count,
            First = first,
            Trained = trained.Length,
            Rungs = search.Rungs,
            Cost = SearchForecast.Of(search, recipe.Distill!, teacher.Config, trained, sequence, evaluated: 0, gflops),
        };
    }
}
