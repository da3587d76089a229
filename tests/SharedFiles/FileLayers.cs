using Espalier.Files;

namespace Espalier.Tests;

/// <summary>Another layer in the disk's place.</summary>
internal static class FileLayers
{
    /// <summary>Does something with all that it writes going through this layer. What it opens goes on writing there.</summary>
    public static T During<T>(this IFileLayer layer, Func<T> work)
    {
        using var through = DurableFiles.Through(layer);
        return work();
    }

    /// <summary>The same without a result.</summary>
    public static void During(this IFileLayer layer, Action work) => layer.During(() =>
    {
        work();
        return 0;
    });
}
