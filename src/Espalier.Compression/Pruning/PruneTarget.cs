namespace Espalier.Compression.Pruning;

/// <summary>The shape to prune to; what is null stays as in the teacher. <c>head_dim</c> always stays.</summary>
public sealed record PruneTarget
{
    /// <summary>The default multiple that widths must have: matrix units work in tiles of this size. CUDA prefers 128.</summary>
    public const int DefaultMultiple = 64;

    /// <summary>
    /// The sizes that are asked for. Of units in groups null keeps as many in each group, and fewer groups take theirs with them; where
    /// each group has one unit (multi-head attention), a number of units is one of groups too, unless that is given.
    /// </summary>
    public PerAxis<int?> Sizes { get; init; } = new();

    /// <summary>Width of the residual stream.</summary>
    public int? Hidden { get => Sizes[Axis.Hidden]; init => Sizes = Sizes.With(Axis.Hidden, value); }

    /// <summary>Width of the feed-forward block.</summary>
    public int? Ffn { get => Sizes[Axis.Ffn]; init => Sizes = Sizes.With(Axis.Ffn, value); }

    /// <summary>Query heads a layer; a multiple of the KV heads.</summary>
    public int? Heads { get => Sizes[Axis.Heads]; init => Sizes = Sizes.With(Axis.Heads, value); }

    /// <summary>KV heads a layer: fewer of them cut whole groups, with their query heads.</summary>
    public int? KvHeads { get => Sizes[Axis.KvHeads]; init => Sizes = Sizes.With(Axis.KvHeads, value); }

    /// <summary>Blocks.</summary>
    public int? Layers { get => Sizes[Axis.Layers]; init => Sizes = Sizes.With(Axis.Layers, value); }

    /// <summary>How many layers of each kind stay in a hybrid; null leaves that to what ranks them.</summary>
    internal LayerCounts? Kinds { get; init; }

    /// <summary>
    /// What widths must be multiples of where they differ from the teacher's; 1 allows any. Null is
    /// <see cref="DefaultMultiple"/> for a width that is a multiple of it in the teacher, else 1.
    /// </summary>
    public int? Multiple { get; init; }

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException"> A size above the teacher's, below one, no multiple of what it must be, or that breaks the head
    /// groups; the nearest ones that cut anything are named.
    /// </exception>
    public DecoderConfig Apply(DecoderConfig teacher)
    {
        if (Multiple < 1)
            throw new EspalierException($"prune.multiple is {Multiple}; it must be at least 1(1 allows any size)");
        var student = teacher;
        // How many groups there are comes before how many units each has.
        foreach (var axis in Axis.All.Where(axis => axis.Groups is null).Concat(Axis.All.Where(axis => axis.Groups is not null)))
            student = axis.With(student, axis.Groups is { } groups && axis.IsIn(teacher) ? InGroups(axis, groups, teacher, student)
                : Alone(axis, teacher));
        if (Kinds is not { } kinds)
            return student;
        kinds.Check(teacher, student.Layers);
        return student with { LayerKinds = teacher.LayerKinds.At(kinds.First(teacher.LayerKinds)) };
    }

    /// <summary>What leads from one shape to a smaller one; sizes that stay are null.</summary>
    public static PruneTarget Between(DecoderConfig from, DecoderConfig to) => new()
    {
        Sizes = new(axis => axis.Of(to) == axis.Of(from) ? null : axis.Of(to)),
        Multiple = 1,
    };

    private int Alone(Axis axis, DecoderConfig teacher)
    {
        var (most, asked) = (axis.Of(teacher), Sizes[axis]);
        if (asked is null && axis.Grouped is { } units && units.GroupSizeOf(teacher) == 1 && Sizes[units] is { } ofUnits && ofUnits >= 1
            && ofUnits <= most)
            asked = ofUnits;
        if (!axis.IsIn(teacher))
            return asked is null ? most : throw new EspalierException(
                $"prune.{axis} is {asked}, but a {teacher.Family} model has no {axis.Units}"
                    + (axis == Axis.Ffn ? $" outside its experts: use {Axis.ExpertFfn}" : ": leave it out"));
        var multiple = !axis.IsWidth ? 1 : Multiple ?? (most % DefaultMultiple == 0 ? DefaultMultiple : 1);
        var size = Within(axis.Key, asked, axis.LeastIn(teacher), most, multiple);
        if (size != most && size % multiple != 0)
            throw new EspalierException(
                $"prune.{axis} is {size}; it must be a multiple of {multiple}, the width of matrix units: "
                    + $"{Nearest(size, multiple, 1, most)}; `multiple: 1` (--multiple 1) allows any size");
        return size;
    }

    private int InGroups(Axis axis, Axis groups, DecoderConfig teacher, DecoderConfig student)
    {
        var (count, size) = (groups.Of(student), axis.GroupSizeOf(teacher));
        var units = Sizes[axis] ?? count * size;
        if (units < 1 || units % count != 0 || units > count * size)
            throw new EspalierException(
                $"prune.{axis} is {units}; it must be a multiple of the {count} {groups.Units}, at most {count * size}: "
                    + $"{NearestOfGroups()}"
                + (units < count && units > 0 && Axis.All.Contains(groups)
                    ? $"; fewer need fewer {groups.Units} ({groups}), which cuts whole groups" : ""));
        return units;

        // Groups of one unit go with it; and where groups go already, all units of those that stay are fewer than the teacher's.
        string NearestOfGroups() => Nearest(units, size == 1 && Sizes[groups] is null ? 1 : count, 1,
            count * size + (count < groups.Of(teacher) ? 1 : 0));
    }

    private static int Within(string field, int? asked, int least, int teacher, int multiple)
    {
        if (asked is { } size && (size < least || size > teacher))
            throw new EspalierException(
                $"prune.{field} is {size}; it must be between {least}{(least > 1 ? ", which a token goes to," : "")} and the teacher's "
                    + $"{teacher}: {Nearest(size, multiple, least, teacher)}");
        return asked ?? teacher;
    }

    /// <summary>The multiples around a size that are below the teacher's own, to which nothing would be cut.</summary>
    private static string Nearest(int size, int multiple, int least, int teacher)
    {
        var (smallest, largest) = ((least + multiple - 1) / multiple * multiple, (teacher - 1) / multiple * multiple);
        if (largest < smallest)
            return "there is no smaller size; leave it out";
        var below = Math.Clamp(size, smallest, largest) / multiple * multiple;
        return size > below && below < largest ? $"the nearest valid sizes are {below} and {below + multiple}"
            : $"the nearest valid size is {below}";
    }
}
