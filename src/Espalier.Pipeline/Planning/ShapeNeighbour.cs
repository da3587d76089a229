using SizeAxis = Espalier.Models.Axis;

namespace Espalier.Pipeline.Planning;

/// <summary>A legal shape near the one that was asked for: the student with one size changed.</summary>
/// <param name="Axis">The key of the axis: hidden.</param>
/// <param name="Size">The other size.</param>
/// <param name="Multiple">What it is the nearest multiple of; null where the axis has no such rule.</param>
/// <param name="Parameters">All weights of that student.</param>
/// <param name="NonEmbeddingParameters">Those outside the embedding.</param>
internal sealed record ShapeNeighbour(string Axis, int Size, int? Multiple, long Parameters, long NonEmbeddingParameters)
{
    /// <summary>What goes along with it: as many units as its groups then have; null where nothing does.</summary>
    public GroupedUnits? Beside { get; init; }

    private static readonly int[] s_multiples = [64, 128];

    /// <summary>
    /// The nearest below and above on every axis, none above the teacher's size. A size that is both the nearest multiple of 64 and of 128
    /// is shown as that of 128.
    /// </summary>
    internal static IReadOnlyList<ShapeNeighbour> Of(DecoderConfig teacher, DecoderConfig student) =>
        [.. SizeAxis.Asked.Where(axis => axis.IsIn(teacher))
            .SelectMany(axis => axis.IsWidth ? Widths(axis, teacher, student) : Counts(axis, teacher, student))];

    private static IEnumerable<ShapeNeighbour> Widths(SizeAxis axis, DecoderConfig teacher, DecoderConfig student)
    {
        var near = s_multiples.SelectMany(
            multiple => Around(axis.Of(student), multiple, axis.Of(teacher)).Select(size => (Size: size, Multiple: multiple)));
        return near.GroupBy(other => other.Size).OrderBy(group => group.Key)
            .Select(group => Of(axis, group.Key, group.Max(other => other.Multiple), axis.With(student, group.Key)));
    }

    /// <summary>
    /// Of units in groups as many more or fewer in each; groups with their units, which stand for them where each has one.
    /// </summary>
    private static IEnumerable<ShapeNeighbour> Counts(SizeAxis axis, DecoderConfig teacher, DecoderConfig student)
    {
        var (count, size) = (axis.Groups?.Of(student) ?? 1, axis.GroupSizeOf(teacher));
        if (axis.Groups is not null)
            return size == 1 ? []
                : Around(axis.Of(student), count, count * size).Select(units => Of(axis, units, null, axis.With(student, units)));
        var sizes = Around(axis.Of(student), 1, axis.Of(teacher)).Where(other => other >= axis.LeastIn(teacher));
        return axis.Grouped is not { } grouped ? sizes.Select(other => Of(axis, other, null, axis.With(student, other)))
            : sizes.Select(groups =>
            {
                var (hasGroups, units) = (grouped.GroupSizeOf(teacher) > 1, groups * grouped.GroupSizeOf(student));
                return Of(hasGroups ? axis : grouped, groups, null, grouped.With(axis.With(student, groups), units)) with
                {
                    Beside = hasGroups ? new(grouped.Key, units) : null,
                };
            });
    }

    private static ShapeNeighbour Of(SizeAxis axis, int size, int? multiple, DecoderConfig config) =>
        new(axis.Key, size, multiple, config.Parameters, config.NonEmbeddingParameters);

    /// <summary>The multiples next to a size, from one multiple to the most.</summary>
    private static IEnumerable<int> Around(int size, int multiple, int most)
    {
        var below = (size - 1) / multiple * multiple;
        var above = (size / multiple + 1) * multiple;
        if (below >= multiple)
            yield return below;
        if (above <= most)
            yield return above;
    }
}

/// <summary>Units that a number of groups has together.</summary>
/// <param name="Axis">Their key: heads.</param>
/// <param name="Size">How many.</param>
internal sealed record GroupedUnits(string Axis, int Size);
