using Espalier.Compression.Pruning;

namespace Espalier.Pipeline.Options.Shapes;

/// <summary>What a cycle's student is distilled from.</summary>
internal enum CycleTeacher
{
    /// <summary>The teacher of the whole run, corrected where the recipe says so.</summary>
    Original,

    /// <summary>The model that the cycle pruned.</summary>
    Previous,
}

/// <summary>Pruning and distilling in several cycles, each from the student of the one before.</summary>
internal sealed record CyclesSection
{
    /// <summary>Non-embedding parameters that a cycle may cut: beyond a third the method asks for another cycle.</summary>
    public const double DefaultLargestCut = 1.0 / 3;

    /// <summary>Cycles; null is as many as <see cref="LargestCut"/> calls for.</summary>
    public int? Count { get; init; }

    /// <summary>Share of the non-embedding parameters that a cycle may cut, where the count is open.</summary>
    public double LargestCut { get; init; } = DefaultLargestCut;

    /// <summary>What each cycle's student is distilled from.</summary>
    public CycleTeacher Teacher { get; init; }

    /// <summary>Shapes on the way, before that of <c>prune</c>; empty for an even path.</summary>
    public IReadOnlyList<PruneTarget> Shapes { get; init; } = [];

    /// <summary>The shape after each cycle, the student's last.</summary>
    /// <exception cref="EspalierException">A shape that is larger than the one before, or a path that does not exist.</exception>
    public IReadOnlyList<DecoderConfig> Path(DecoderConfig teacher, DecoderConfig student)
    {
        if (Shapes.Count == 0)
            try
            {
                return Count is { } count ? ShapePath.Even(teacher, student, count) : ShapePath.Gentle(teacher, student, LargestCut);
            }
            catch (EspalierException error)
            {
                throw new EspalierException($"cycles: {error.Message}", error);
            }
        var path = new List<DecoderConfig>();
        foreach (var shape in Shapes)
            path.Add(shape.Apply(path.Count == 0 ? teacher : path[^1]));
        var last = path[^1];
        if (Axis.All.Any(axis => axis.GroupSizeOf(student) > axis.GroupSizeOf(last)))
            throw new EspalierException(
                "cycles.shapes: prune's shape is larger than the last of them on some axis; a cycle can only cut");
        return [.. path, student];
    }

    internal static IReadOnlyList<Key<CyclesSection>> Keys { get; } =
    [
        new Key<CyclesSection, int?>("count", Kinds.Size(most: 16).OrAbsent(), s => s.Count, (s, count) => s with { Count = count })
        {
            PageDefault = "from `largest-cut`",
            Page = "Number of cycles, instead of `largest-cut`.",
            IsLater = true,
            Useless = BesideShapes,
        },
        new Key<CyclesSection, double>("largest-cut", Kinds.Share, s => s.LargestCut, (s, share) => s with { LargestCut = share })
        {
            PageDefault = "33.3%",
            Page = """
                Uses the fewest cycles that each cut at most this share of the non-embedding parameters, on an even path (every axis in
                equal steps, widths in multiples of 64 if both ends are).
                """,
            Useless = s => BesideShapes(s) ?? (s.Count is null ? null : "it chooses the count, which is also given; keep one of the two"),
        },
        new Key<CyclesSection, CycleTeacher>(
            "teacher", Kinds.Choice<CycleTeacher>(), s => s.Teacher, (s, teacher) => s with { Teacher = teacher })
        {
            Page = """
                What each student is distilled from: the run's `original` teacher (corrected, if it was) or the `previous` model, which the
                cycle pruned.
                """,
        },
        new Key<CyclesSection, IReadOnlyList<PruneTarget>>("shapes", Targets, s => s.Shapes, (s, shapes) => s with { Shapes = shapes })
        {
            Page = "Alternatively, the intermediate shapes before that of `prune`, each with the sizes of [shapes](#shapes).",
            IsLater = true,
            Turn = -1,
        },
    ];

    internal static Section Section { get; } = new("cycles", Keys) { Word = "auto" };

    private static Kind<IReadOnlyList<PruneTarget>> Targets => new(
        "",
        (fields, key) => fields.Find(key) is YamlList { Items: { Count: > 0 } items }
            ? [.. items.Select(item => ShapeKeys.Keys.Read(fields.Inside(item, key), new()))]
            : throw fields.Wrong(key, "it must list shapes, as in: [{ hidden: 4096, ffn: 16384 }]"),
        shapes => new JsonArray([.. shapes.Select(shape => (JsonNode)ShapeKeys.Keys.Canonical(shape))]),
        () => new() { ["type"] = "array", ["items"] = Schemas.Section(ShapeKeys.Section), ["minItems"] = 1 })
    { Inner = ShapeKeys.Section };

    private static string? BesideShapes(CyclesSection section) => section.Shapes.Count > 0
        ? "cycles.shapes already says how many cycles there are and how much they cut; keep one of the two" : null;
}
