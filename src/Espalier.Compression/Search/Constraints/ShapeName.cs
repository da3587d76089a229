namespace Espalier.Compression.Search.Constraints;

/// <summary>How a shape of a search is called: by the sizes of the axes that its model has.</summary>
internal static class ShapeName
{
    /// <summary><c>32/24/9216/3072</c></summary>
    public static string Of(PerAxis<int?> sizes) =>
        string.Join('/', AxesOf(sizes).Select(axis => sizes[axis]!.Value.ToString(CultureInfo.InvariantCulture)));

    /// <summary><c>layers/heads/…</c></summary>
    public static string KeysOf(PerAxis<int?> sizes) => string.Join('/', AxesOf(sizes));

    /// <summary>The axes, in a search's order.</summary>
    public static IEnumerable<Axis> AxesOf(PerAxis<int?> sizes) => Axis.Searched.Where(axis => sizes[axis] > 0);

    /// <summary>The sizes without those that are 0: of a feed-forward block in a mixture.</summary>
    public static PerAxis<int?> ThoseThere(PerAxis<int?> sizes) => new(axis => sizes[axis] > 0 ? sizes[axis] : null);
}
