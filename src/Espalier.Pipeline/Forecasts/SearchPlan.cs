using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Forecasts;

/// <summary>A shape of a search, before it runs.</summary>
internal sealed record CandidateForecast
{
    /// <summary>Its sizes; the feed-forward sizes are 0 if experts replace the block.</summary>
    [SizeFields]
    public required PerAxis<int?> Sizes { get; init; }

    /// <summary>All weights.</summary>
    public required long Parameters { get; init; }

    /// <summary>Weights without the embedding table and the head.</summary>
    public required long NonEmbeddingParameters { get; init; }

    /// <summary>Bytes of weights, keys and values at the search's context.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Floating-point operations of a token's forward pass.</summary>
    public required double ForwardFlopsPerToken { get; init; }

    public static CandidateForecast Of(Candidate candidate, SearchSection search, int sequence, int elementBytes) => new()
    {
        Sizes = candidate.Sizes,
        Parameters = candidate.Parameters,
        NonEmbeddingParameters = candidate.NonEmbeddingParameters,
        MemoryBytes = candidate.MemoryBytes(elementBytes, search.Context, search.Sequences),
        ForwardFlopsPerToken = candidate.Shape.ForwardFlopsPerToken(sequence),
    };
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
