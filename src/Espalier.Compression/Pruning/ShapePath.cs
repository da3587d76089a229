namespace Espalier.Compression.Pruning;

/// <summary>Shapes between a teacher's and a student's, for pruning in several steps.</summary>
internal static class ShapePath
{
    private const int MostSteps = 16;

    /// <summary>
    /// The shapes after each of T steps, the student's last: step i goes to d_s − i (d_s − d_t) / T on every axis (arXiv 2407.14679,
    /// section 2.4), in whole layers, heads of whole KV groups, and widths in multiples where both ends are such.
    /// </summary>
    /// <param name="teacher">Where the path begins.</param>
    /// <param name="student">Where it ends.</param>
    /// <param name="steps">T.</param>
    /// <param name="multiple">What widths on the way are multiples of; 1 for models that nobody runs.</param>
    /// <exception cref="EspalierException">There are fewer sizes between the two than steps.</exception>
    public static IReadOnlyList<DecoderConfig> Even(DecoderConfig teacher, DecoderConfig student, int steps,
        int multiple = PruneTarget.DefaultMultiple)
    {
        var path = Enumerable.Range(1, steps).Select(i => i == steps ? student : At(teacher, student, (double)i / steps, multiple))
            .ToList();
        for (var i = 0; i < path.Count; i++)
            if (path[i] == (i == 0 ? teacher : path[i - 1]))
                throw new EspalierException(
                    $"there are no {steps} different shapes between the teacher's and the "
                        + $"student's: step {i + 1} would cut nothing; use fewer steps");
        return path;
    }

    /// <summary>
    /// The fewest such steps of which none cuts more than a share of what non-embedding parameters there are at its start.
    /// </summary>
    /// <exception cref="EspalierException">Steps that small do not exist; the largest cut of the finest path is named.</exception>
    public static IReadOnlyList<DecoderConfig> Gentle(DecoderConfig teacher, DecoderConfig student, double largestCut)
    {
        var least = 1.0;
        for (var steps = 1; steps <= MostSteps; steps++)
        {
            IReadOnlyList<DecoderConfig> path;
            try
            {
                path = Even(teacher, student, steps);
            }
            catch (EspalierException) when (steps > 1)
            {
                break;
            }
            var cut = LargestCut(teacher, path);
            if (cut <= largestCut)
                return path;
            least = Math.Min(least, cut);
        }
        throw new EspalierException(
            $"no even path from the teacher to the student keeps every cut within {largestCut * 100:0.#} %: the gentlest cuts "
                + $"{least * 100:0.#} % at once; allow that, or name the shapes");
    }

    /// <summary>The largest share of the non-embedding parameters that goes in one step.</summary>
    public static double LargestCut(DecoderConfig teacher, IReadOnlyList<DecoderConfig> path) =>
        path.Select((shape, i) => 1 - (double)shape.NonEmbeddingParameters / (i == 0 ? teacher : path[i - 1]).NonEmbeddingParameters).Max();

    private static DecoderConfig At(DecoderConfig teacher, DecoderConfig student, double share, int multiple)
    {
        var shape = teacher;
        foreach (var axis in Axis.All.Where(axis => axis.Groups is null))
            shape = axis.With(shape,
                Between(axis.Of(teacher), axis.Of(student), share, axis.IsWidth ? MultipleOf(axis.Of(teacher), axis.Of(student), multiple)
                    : 1));
        foreach (var axis in Axis.All)
            if (axis.Groups is { } groups)
                shape = axis.With(shape, groups.Of(shape) * Between(axis.GroupSizeOf(teacher), axis.GroupSizeOf(student), share, 1));
        return shape;
    }

    private static int MultipleOf(int from, int to, int multiple) => from % multiple == 0 && to % multiple == 0 ? multiple : 1;

    private static int Between(int from, int to, double share, int multiple) =>
        Math.Clamp((int)Math.Round((from + share * (to - from)) / multiple) * multiple, to, from);
}
