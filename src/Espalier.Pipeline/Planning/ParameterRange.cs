using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;

namespace Espalier.Pipeline.Planning;

/// <summary>
/// The weights that a student may have where its layers are of several kinds and which go is known only once they are scored.
/// </summary>
/// <param name="Least">All weights, where the largest layers go.</param>
/// <param name="Most">All weights, where the smallest go.</param>
internal sealed record ParameterRange(long Least, long Most)
{
    /// <summary>
    /// The range of a cut; null where one number says it: no layer goes, all are alike, or it says how many of each kind stay.
    /// </summary>
    /// <param name="teacher">The model that is cut.</param>
    /// <param name="student">The shape that is left, whichever layers go.</param>
    /// <param name="prune">How it is cut.</param>
    public static ParameterRange? Of(DecoderConfig teacher, DecoderConfig student, PruneSection prune)
    {
        if (teacher.LayerKinds.AreAlike || student.Layers == teacher.Layers || prune is { Plan: not null } or { Target.Kinds: not null }
            or { Method: PruneMethod.RandomInit })
            return null;
        var all = Enumerable.Range(0, teacher.Layers);
        var sizes = all.Select(layer => Of(student, [teacher.LayerKinds[layer]])).ToArray();
        var dropped = teacher.Layers - student.Layers;
        long[] possible = prune is { Depth: DepthChoice.Contiguous, Method: PruneMethod.Importance }
            ? [.. Enumerable.Range(0, student.Layers + 1).Select(first => Keeping(all.Where(at => at < first || at >= first + dropped)))]
            : [Keeping(all.OrderBy(at => sizes[at]).Take(student.Layers)),
                Keeping(all.OrderByDescending(at => sizes[at]).Take(student.Layers))];
        return possible.Min() == possible.Max() ? null : new(possible.Min(), possible.Max());

        long Keeping(IEnumerable<int> layers) => Of(student, layers.Order().Select(at => teacher.LayerKinds[at]));
    }

    private static long Of(DecoderConfig widths, IEnumerable<LayerKind> kinds)
    {
        LayerKind[] layers = [.. kinds];
        return (widths with { Layers = layers.Length, LayerKinds = LayerKinds.Of(layers) }).Parameters;
    }
}
