using Espalier.Compression.Pruning;
using Espalier.Compression.Search.Constraints;

namespace Espalier.Compression.Search;

/// <summary>
/// Sizes that a student may have, by axis; an empty axis stays as in the teacher. <c>head_dim</c> always stays, and so do the KV heads
/// unless each query head has its own.
/// </summary>
internal sealed record SearchSpace
{
    // Layers, heads and width before what may follow from them; groups before their units.
    private static readonly Axis[] s_walked =
        [.. new[] { Axis.Layers, Axis.KvHeads, Axis.Heads, Axis.Hidden }.Union(Axis.Searched)];

    /// <summary>Sizes of each axis, of those in <see cref="Axis.Searched"/>.</summary>
    public PerAxis<IReadOnlyList<int>> Sizes { get; init; } = new();

    /// <summary>
    /// Widths of the feed-forward block as multiples of the residual stream's, instead of sizes of it; a product is rounded to a
    /// whole number.
    /// </summary>
    public IReadOnlyList<double> Expansion { get; init; } = [];

    /// <summary>What widths must be multiples of, as in <see cref="PruneTarget.Multiple"/>.</summary>
    public int? Multiple { get; init; }

    /// <summary>The text of a search's key. Sizes of mixtures and hybrids are in it only where there are some.</summary>
    internal JsonObject ToJson()
    {
        var json = new JsonObject();
        foreach (var axis in Axis.Searched)
            if (axis.IsOfPlain || Sizes[axis] is not null)
                json[axis.JsonName] = new JsonArray([.. (Sizes[axis] ?? []).Select(size => JsonValue.Create(size))]);
        json["expansion"] = new JsonArray([.. Expansion.Select(factor => JsonValue.Create(factor))]);
        json["multiple"] = Multiple;
        json["is_empty"] = IsEmpty;
        return json;
    }

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
        Check(teacher);
        return Walk(teacher);
    }

    private IEnumerable<Candidate> Walk(DecoderConfig teacher) =>
        Along(Array.FindAll(s_walked, axis => axis.IsIn(teacher)), teacher, teacher)
            .Where(shape => shape != teacher).Select(shape => new Candidate(shape) { Model = teacher });

    /// <summary>The shapes that differ in the axes from one on.</summary>
    private IEnumerable<DecoderConfig> Along(ArraySegment<Axis> axes, DecoderConfig shape, DecoderConfig teacher) =>
        axes.Count == 0 ? [shape] : SizesOf(axes[0], shape, teacher)
            .SelectMany(size => Along(axes[1..], size == axes[0].Of(shape) ? shape : axes[0].With(shape, size), teacher));

    /// <summary>The sizes of an axis beside those that were chosen before it.</summary>
    private IEnumerable<int> SizesOf(Axis axis, DecoderConfig shape, DecoderConfig teacher)
    {
        if (axis == Axis.Ffn && Expansion.Count > 0)
            return FfnOf(shape.HiddenSize, teacher);
        // Groups go with all their units where nothing is said of these, and where each has one unit a number of units is one of groups
        // too.
        // Combinations that pruning has no rule for are left out.
        var ofUnits = axis.Grouped is { } units && units.GroupSizeOf(teacher) == 1 ? Sizes[units] : null;
        var sizes = Sizes[axis] ?? ofUnits ?? [];
        if (axis.Groups is not { } groups)
            return Ordered(axis, Or(sizes, axis.Of(teacher)));
        var (count, size) = (groups.Of(shape), axis.GroupSizeOf(teacher));
        return Ordered(axis, Or(sizes, count * size).Where(heads => heads % count == 0 && heads <= count * size));
    }

    private static IEnumerable<int> Ordered(Axis axis, IEnumerable<int> sizes) =>
        axis == Axis.Heads || axis == Axis.KvHeads || (axis.IsWidth && axis.IsPerLayer) ? sizes.Order() : sizes.OrderDescending();

    private IEnumerable<int> FfnOf(int hidden, DecoderConfig teacher) =>
        Expansion.Select(factor => Math.Round(Quantity.Part(factor, hidden), MidpointRounding.AwayFromZero))
            .Where(ffn => ffn >= 1 && ffn <= teacher.IntermediateSize).Select(ffn => (int)ffn).Distinct().Order();

    private void Check(DecoderConfig teacher)
    {
        foreach (var axis in Axis.Searched)
            foreach (var size in Sizes[axis] ?? [])
                Check(teacher, new PruneTarget { Sizes = new PerAxis<int?> { [axis] = size } });
        if (Expansion.Count > 0 && !Axis.Ffn.IsIn(teacher))
            throw new EspalierException(
                $"search.expansion is for feed-forward blocks, but a {teacher.Family} model has experts instead: use "
                    + $"search.expert-ffn");
        if (Expansion.Count > 0)
            foreach (var ffn in Or(Sizes[Axis.Hidden] ?? [], teacher.HiddenSize).SelectMany(hidden => FfnOf(hidden, teacher)).Distinct())
                Check(teacher, new PruneTarget { Ffn = ffn });
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
