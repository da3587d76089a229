using System.Text.Json.Serialization;
using Espalier.Compression.Pruning;
using Espalier.Compression.Search.Constraints;

namespace Espalier.Compression.Search;

/// <summary>A candidate's loss on one text or benchmark at one rung.</summary>
/// <param name="Steps">Optimizer steps from the beginning.</param>
/// <param name="Set">The text's name, or the benchmark's.</param>
/// <param name="Nll">Mean, nats per token; of a benchmark the mean over documents of what candidates are ordered by there.</param>
/// <param name="NllStandardError">Its standard error over windows or documents.</param>
public sealed record RungLoss(long Steps, string Set, double Nll, [property: JsonPropertyName("nll_se")] double NllStandardError)
{
    /// <summary>
    /// Place among the candidates of the rung, from 1, of equal ones the mean; null where there is one text alone, which says it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Place { get; init; }

    /// <summary>
    /// How far it is above that of the rung's best candidate, the mean over the same windows or documents; null of that one itself.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Behind { get; init; }

    /// <summary>The standard error of <see cref="Behind"/>; null where there are fewer than two windows or documents.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), JsonPropertyName("behind_se")]
    public double? BehindStandardError { get; init; }

    /// <summary>A benchmark's metric that is also shown; null for texts.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Metric { get; init; }

    /// <summary>What the candidate scores by it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Score { get; init; }

    /// <summary>The standard error of <see cref="Score"/> over documents.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), JsonPropertyName("score_se")]
    public double? ScoreStandardError { get; init; }
}

/// <summary>A candidate that was trained.</summary>
public sealed record CandidateRow
{
    /// <summary>Place in the end, from 1: who came further is before who did not.</summary>
    public required int Rank { get; init; }

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

    /// <summary>The proxy's value: share of importance kept, or held-out loss as pruned.</summary>
    public required double Proxy { get; init; }

    /// <summary>Place by the proxy, from 1.</summary>
    public required int ProxyRank { get; init; }

    /// <summary>Losses at every rung that it reached; the held-out text first.</summary>
    public required IReadOnlyList<RungLoss> Losses { get; init; }

    /// <summary>
    /// Measured here: seconds of the first pass over the search's context; null in the stage's file, which depends on no machine.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PrefillSeconds { get; init; }

    /// <summary>Measured here: seconds of a further token after it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? DecodeSeconds { get; init; }

    /// <summary>Held-out loss at the last rung that it reached.</summary>
    [JsonIgnore]
    public RungLoss LastHeldOut => Losses.Where(loss => loss.Set == Losses[0].Set).MaxBy(loss => loss.Steps)!;

    /// <summary>Losses at the last rung that it reached; the held-out text first.</summary>
    internal IReadOnlyList<RungLoss> Last => [.. Losses.Where(loss => loss.Steps == LastHeldOut.Steps)];

    /// <summary><c>32/24/9216/3072</c>: its sizes, of what <see cref="Keys"/> says.</summary>
    [JsonIgnore]
    public string Name => ShapeName.Of(Sizes);

    /// <summary><c>layers/heads/…</c>: the axes of its model.</summary>
    [JsonIgnore]
    public string Keys => ShapeName.KeysOf(Sizes);
}

/// <summary>What a search takes or took.</summary>
/// <param name="Tokens">Tokens through a candidate, trained on or evaluated.</param>
/// <param name="Flops">Floating-point operations, the teacher's included.</param>
/// <param name="Seconds">Wall-clock time; null where this machine's speed is not known.</param>
public sealed record SearchCost(long Tokens, double Flops, double? Seconds);

/// <summary>What a search found.</summary>
public sealed record SearchResult
{
    /// <summary>The candidates, best first.</summary>
    public required IReadOnlyList<CandidateRow> Candidates { get; init; }

    /// <summary>How the proxy ordered them.</summary>
    public required SearchProxy Proxy { get; init; }

    /// <summary>Spearman's ρ between the proxy's ranks and the final ranks; null if there is no proxy.</summary>
    public required double? ProxySpearman { get; init; }

    /// <summary>Why it ended.</summary>
    public required HalvingEnd End { get; init; }

    /// <summary>The same in a sentence.</summary>
    public required string Why { get; init; }

    /// <summary>The most it can cost, estimated beforehand; null in the stage's file.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SearchCost? Forecast { get; init; }

    /// <summary>What it took, over all starts; null in the stage's file.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SearchCost? Cost { get; init; }

    /// <summary>The sizes that are taken.</summary>
    public PruneTarget Target(int? multiple) =>
        new() { Sizes = ShapeName.ThoseThere(Candidates[0].Sizes), Multiple = multiple };
}
