namespace Espalier.Compression.Pruning;

/// <summary>Shapes between a teacher's and a student's, for pruning in several steps.</summary>
internal static class ShapePath
{
    private const int MostSteps = 16;

    /// <summary>
    /// The shapes after each of T steps, the student's last: step i goes to d_s − i (d_s − d_t) / T on every axis (arXiv 2407.14679,
    /// section 2.4), in whole layers, heads of whole KV groups, and widths in multiples where both ends are such, and
    /// otherwise where the shapes differ then, too.
    /// </summary>
    /// <param name="teacher">Where the path begins.</param>
    /// <param name="student">Where it ends.</param>
    /// <param name="steps">T.</param>
    /// <param name="multiple">What widths on the way are multiples of; 1 for models that nobody runs.</param>
    /// <exception cref="EspalierException">There are fewer sizes between the two than steps.</exception>
    public static IReadOnlyList<DecoderConfig> Even(DecoderConfig teacher, DecoderConfig student, int steps,
        int multiple = PruneTarget.DefaultMultiple) =>
        Path(teacher, student, steps, multiple, isRounded: true) ?? Path(teacher, student, steps, multiple, isRounded: false)
            ?? throw new EspalierException($"there are no {steps} different shapes between the teacher's and the student's: a step would "
                + "cut nothing; take fewer steps");

    /// <summary>
    /// The fewest such steps of which none cuts more than a share of what non-embedding parameters there are at its start.
    /// </summary>
    /// <exception cref="EspalierException">Steps that small do not exist; the largest cut of the finest path is named.</exception>
    public static IReadOnlyList<DecoderConfig> Gentle(DecoderConfig teacher, DecoderConfig student, double largestCut)
    {
        var least = LargestCut(teacher, Even(teacher, student, 1));
        for (var steps = 1; steps <= MostSteps; steps++)
            foreach (var isRounded in (bool[])[true, false])
                if (Path(teacher, student, steps, PruneTarget.DefaultMultiple, isRounded) is { } path)
                {
                    var cut = LargestCut(teacher, path);
                    if (cut <= largestCut)
                        return path;
                    least = Math.Min(least, cut);
                }
        throw new EspalierException(
            $"no even path from the teacher to the student has cuts of at most {largestCut * 100:0.#} %: the gentlest cuts "
                + $"{least * 100:0.#} % at once; allow that, or name the shapes");
    }

    /// <summary>The shapes after each step; null where one cuts nothing. Rounded, all widths are multiples.</summary>
    private static DecoderConfig[]? Path(DecoderConfig teacher, DecoderConfig student, int steps, int multiple, bool isRounded)
    {
        DecoderConfig[] path = [.. Enumerable.Range(1, steps).Select(i => i == steps ? student
            : At(teacher, student, (double)i / steps, multiple, isRounded))];
        return path.Zip(path.Prepend(teacher)).Any(step => step.First == step.Second) ? null : path;
    }

    /// <summary>The largest share of the non-embedding parameters that goes in one step.</summary>
    public static double LargestCut(DecoderConfig teacher, IReadOnlyList<DecoderConfig> path) =>
        path.Select((shape, i) => 1 - (double)shape.NonEmbeddingParameters / (i == 0 ? teacher : path[i - 1]).NonEmbeddingParameters).Max();

    private static DecoderConfig At(DecoderConfig teacher, DecoderConfig student, double share, int multiple, bool isRounded)
    {
        var shape = teacher;
        foreach (var axis in Axis.All.Where(axis => axis.Groups is null))
            shape = axis.With(shape,
                Between(axis.Of(teacher), axis.Of(student), share,
                    axis.IsWidth && (isRounded || axis.Of(teacher) % multiple == 0 && axis.Of(student) % multiple == 0) ? multiple : 1));
        foreach (var axis in Axis.All)
            if (axis.Groups is { } groups)
                shape = axis.With(shape, groups.Of(shape) * Between(axis.GroupSizeOf(teacher), axis.GroupSizeOf(student), share, 1));
        return shape;
    }

    private static int Between(int from, int to, double share, int multiple) =>
        Math.Clamp((int)Math.Round((from + share * (to - from)) / multiple) * multiple, to, from);
}
