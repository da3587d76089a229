using System.Text.Json.Serialization;
using Espalier.Compression.Pruning;
using Espalier.Compression.Search.Constraints;
using Espalier.Models;

namespace Espalier.Compression.Search;

/// <summary>
/// Sizes that a student may have, by axis; an empty axis stays as in the teacher. <c>head_dim</c> always stays, and so do the KV heads
/// unless each query head has its own.
/// </summary>
internal sealed record SearchSpace
{
    /// <summary>
    /// Sizes of each axis, of those in <see cref="Candidate.Axes"/>. Not in the text of a search's key, which names the axes one by one.
    /// </summary>
    [JsonIgnore]
    public PerAxis<IReadOnlyList<int>> Sizes { get; init; } = new();

    /// <summary>Numbers of layers.</summary>
    public IReadOnlyList<int> Layers { get => Sizes[Axis.Layers] ?? []; init => Sizes = Sizes.With(Axis.Layers, value); }

    /// <summary>Query heads of a layer.</summary>
    public IReadOnlyList<int> Heads { get => Sizes[Axis.Heads] ?? []; init => Sizes = Sizes.With(Axis.Heads, value); }

    /// <summary>Widths of the feed-forward block.</summary>
    public IReadOnlyList<int> Ffn { get => Sizes[Axis.Ffn] ?? []; init => Sizes = Sizes.With(Axis.Ffn, value); }

    /// <summary>Widths of the residual stream.</summary>
    public IReadOnlyList<int> Hidden { get => Sizes[Axis.Hidden] ?? []; init => Sizes = Sizes.With(Axis.Hidden, value); }

    /// <summary>Experts of a layer. In the text of a search's key only where there are some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? Experts { get => Sizes[Axis.Experts]; init => Sizes = Sizes.With(Axis.Experts, value); }

    /// <summary>Widths of an expert. In the text of a search's key only where there are some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? ExpertFfn { get => Sizes[Axis.ExpertFfn]; init => Sizes = Sizes.With(Axis.ExpertFfn, value); }

    /// <summary>Heads of a Mamba layer. In the text of a search's key only where there are some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? MambaHeads { get => Sizes[Axis.MambaHeads]; init => Sizes = Sizes.With(Axis.MambaHeads, value); }

    /// <summary>Channels of a Mamba head. In the text of a search's key only where there are some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? MambaHeadDim { get => Sizes[Axis.MambaHeadDim]; init => Sizes = Sizes.With(Axis.MambaHeadDim, value); }

    /// <summary>Key heads of a layer of linear attention. In the text of a search's key only where there are some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? LinearKeyHeads
    {
        get => Sizes[Axis.DeltaKeyHeads];
        init => Sizes = Sizes.With(Axis.DeltaKeyHeads, value);
    }

    /// <summary>Value heads of a layer of linear attention. In the text of a search's key only where there are some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? LinearValueHeads { get => Sizes[Axis.DeltaHeads]; init => Sizes = Sizes.With(Axis.DeltaHeads, value); }

    /// <summary>Channels of a value head of linear attention. In the text of a search's key only where there are some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? LinearValueHeadDim
    {
        get => Sizes[Axis.DeltaHeadDim];
        init => Sizes = Sizes.With(Axis.DeltaHeadDim, value);
    }

    /// <summary>
    /// Widths of the feed-forward block as multiples of the residual stream's, instead of <see cref="Ffn"/>; a product is rounded to a
    /// whole number.
    /// </summary>
    public IReadOnlyList<double> Expansion { get; init; } = [];

    /// <summary>What widths must be multiples of, as in <see cref="PruneTarget.Multiple"/>.</summary>
    public int? Multiple { get; init; }

    /// <summary>Whether no axis has sizes.</summary>
    public bool IsEmpty => Expansion.Count == 0 && Sizes.Axes.All(axis => Sizes[axis]!.Count == 0);

    /// <summary>
    /// Every shape but the teacher's own, one after the other as they are asked for: deep before shallow, then few heads before many, wide
    /// before narrow, narrow feed-forward blocks before wide. Products of width and expansion above the teacher's are left out.
    /// </summary>
    /// <exception cref="EspalierException">
    /// A size that is illegal, whatever it is combined with; the nearest legal ones are named.
    /// </exception>
    public IEnumerable<Candidate> Shapes(DecoderConfig teacher)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        Check(teacher);
        return Walk(teacher);
    }

    private IEnumerable<Candidate> Walk(DecoderConfig teacher)
    {
        foreach (var layers in Or(Layers, teacher.Layers).OrderDescending())
            foreach (var attention in Or(Heads, teacher.QueryHeads).Order()
                .Select(heads => new PruneTarget { Heads = heads }.Apply(teacher)))
                foreach (var hidden in Or(Hidden, teacher.HiddenSize).OrderDescending())
                    foreach (var ffn in FfnOf(hidden, teacher))
                        foreach (var experts in Or(Experts ?? [], teacher.Experts).OrderDescending())
                            foreach (var width in Or(ExpertFfn ?? [], teacher.ExpertIntermediateSize).Order())
                                foreach (var (mamba, delta) in MixersOf(teacher))
                                {
                                    var shape = Axis.Layers.With(attention, layers) with
                                    {
                                        HiddenSize = hidden,
                                        IntermediateSize = ffn,
                                        Experts = experts,
                                        ExpertIntermediateSize = width,
                                        Mamba = mamba,
                                        Delta = delta,
                                    };
                                    if (shape != teacher)
                                        yield return new(shape) { Model = teacher };
                                }
    }

    private IEnumerable<int> FfnOf(int hidden, DecoderConfig teacher) => Expansion.Count == 0
        ? Or(Ffn, teacher.IntermediateSize).Order()
        : Expansion.Select(factor => Math.Round(factor * hidden, MidpointRounding.AwayFromZero))
            .Where(ffn => ffn >= 1 && ffn <= teacher.IntermediateSize).Select(ffn => (int)ffn).Distinct().Order();

    private IEnumerable<(MambaConfig Mamba, DeltaConfig Delta)> MixersOf(DecoderConfig teacher) =>
        from heads in Or(MambaHeads ?? [], teacher.Mamba.Heads).OrderDescending()
        from channels in Or(MambaHeadDim ?? [], teacher.Mamba.HeadDim).OrderDescending()
        from delta in DeltaOf(teacher)
        select (teacher.Mamba with { Heads = heads, HeadDim = channels }, delta);

    // Key heads go with all their value heads where nothing is said of these; combinations that pruning has no rule for are left out.
    private IEnumerable<DeltaConfig> DeltaOf(DecoderConfig teacher)
    {
        var size = Axis.DeltaHeads.GroupSizeOf(teacher);
        return from groups in Or(LinearKeyHeads ?? (size == 1 ? LinearValueHeads : null) ?? [], teacher.Delta.Groups).OrderDescending()
               from heads in Or(LinearValueHeads ?? [], groups * size).OrderDescending()
               where groups == 0 || heads % groups == 0 && heads <= groups * size
               from channels in Or(LinearValueHeadDim ?? [], teacher.Delta.HeadDim).OrderDescending()
               select teacher.Delta with { Groups = groups, Heads = heads, HeadDim = channels };
    }

    private void Check(DecoderConfig teacher)
    {
        foreach (var axis in Candidate.Axes)
            foreach (var size in Sizes[axis] ?? [])
                Check(teacher, new PruneTarget { Sizes = new PerAxis<int?> { [axis] = size } });
        if (Expansion.Count > 0 && !Axis.Ffn.IsIn(teacher))
            throw new EspalierException(
                $"search.expansion is of feed-forward blocks, and a {teacher.Family} model has experts in place of them: give "
                    + $"search.expert-ffn");
        if (Expansion.Count > 0)
            foreach (var ffn in Or(Hidden, teacher.HiddenSize).SelectMany(hidden => FfnOf(hidden, teacher)).Distinct())
                Check(teacher, new() { Ffn = ffn });
    }

    private void Check(DecoderConfig teacher, PruneTarget axis) => Check(teacher, axis with { Multiple = Multiple }, "search.");

    /// <summary>Pruning's own rules, with the field's name where the size was written.</summary>
    internal static DecoderConfig Check(DecoderConfig teacher, PruneTarget sizes, string prefix)
    {
        try
        {
            return sizes.Apply(teacher);
        }
        catch (EspalierException error)
        {
            throw new EspalierException(error.Message.Replace("prune.", prefix, StringComparison.Ordinal), error);
        }
    }

    private static IEnumerable<int> Or(IReadOnlyList<int> sizes, int teacher) => sizes.Count > 0 ? sizes.Distinct() : [teacher];
}
