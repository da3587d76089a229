namespace Espalier.Compression.Importance.Depth;

/// <summary>Consecutive layers that are left out, counted among the layers that are there.</summary>
/// <param name="First">The first that goes.</param>
/// <param name="Width">How many go; 0 leaves the model whole.</param>
internal readonly record struct DepthSpan(int First, int Width)
{
    /// <summary>The first layer after the span.</summary>
    public int Next => First + Width;

    /// <summary>Nothing, after the last of so many layers: the model as it is, which costs a scan no layer more.</summary>
    public static DepthSpan None(int layers) => new(layers, 0);

    /// <summary>All spans of a width among so many layers.</summary>
    public static IEnumerable<DepthSpan> All(int layers, int width) =>
        Enumerable.Range(0, layers - width + 1).Select(first => new DepthSpan(first, width));
}
