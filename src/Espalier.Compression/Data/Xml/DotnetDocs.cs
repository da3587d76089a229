using System.Runtime.InteropServices;

namespace Espalier.Compression.Data.Xml;

/// <summary>The named source <c>dotnet-docs</c>: the API documentation that every .NET SDK carries.</summary>
internal static class DotnetDocs
{
    /// <summary>What the source is called in recipes and on the command line.</summary>
    public const string Name = "dotnet-docs";

    private const string Pack = "Microsoft.NETCore.App.Ref";

    /// <summary>The newest documentation folder of the SDK: <c>packs/Microsoft.NETCore.App.Ref/VERSION/ref/netX</c>.</summary>
    /// <param name="dotnetRoot">Where .NET lies; by default <c>DOTNET_ROOT</c>, else the root of the running runtime.</param>
    /// <exception cref="EspalierException">No such pack.</exception>
    public static string FindFolder(string? dotnetRoot = null)
    {
        string[] roots = dotnetRoot is not null ? [dotnetRoot] : [.. DefaultRoots()];
        foreach (var root in roots)
        {
            var pack = Path.Combine(root, "packs", Pack);
            if (!Directory.Exists(pack))
                continue;
            var newest = Directory.GetDirectories(pack)
                .OrderByDescending(folder => VersionOf(Path.GetFileName(folder)))
                .ThenByDescending(folder => folder, StringComparer.Ordinal)
                .SelectMany(folder => Directory.Exists(Path.Combine(folder, "ref"))
                    ? Directory.GetDirectories(Path.Combine(folder, "ref")).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
                .FirstOrDefault(folder => Directory.EnumerateFiles(folder, "*.xml").Any());
            if (newest is not null)
                return newest;
        }
        throw new EspalierException(
            $"data '{Name}': no XML documentation in packs/{Pack}/*/ref/* under "
                + $"{string.Join(" or ", roots)}; install a .NET SDK, or set DOTNET_ROOT to one");
    }

    private static IEnumerable<string> DefaultRoots()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root)
            yield return root;
        // .../shared/Microsoft.NETCore.App/10.0.0/
        yield return Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
    }

    /// <summary>The number before a pre-release suffix; a final version is above its previews.</summary>
    private static (Version Number, bool Final) VersionOf(string name)
    {
        var dash = name.IndexOf('-', StringComparison.Ordinal);
        return Version.TryParse(dash < 0 ? name : name[..dash], out var version) ? (version, dash < 0) : (new Version(0, 0), false);
    }
}
