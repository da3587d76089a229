namespace Espalier.Compression.Importance.Residuals;

/// <summary>Contiguous spans of layers that are scored as one.</summary>
internal static class LayerSpans
{
    /// <summary>The widths that were asked for and 1, ascending, each once.</summary>
    /// <exception cref="EspalierException">A width that the model does not have.</exception>
    public static int[] Widths(IEnumerable<int> asked, int layers)
    {
        int[] widths = [.. asked.Append(1).Distinct().Order()];
        return widths[0] < 1 || widths[^1] > layers
            ? throw new EspalierException(
                $"a span of {(widths[0] < 1 ? widths[0] : widths[^1])} layers was requested, but the model has {layers}")
            : widths;
    }
}
