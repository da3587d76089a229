using Espalier.Compression.Data.Files;

namespace Espalier.Compression.Data.Sources;

/// <summary>Where sources of text or ids lie on the disk, for <see cref="OutputGuard"/>.</summary>
internal static class SourcePlaces
{
    /// <summary>
    /// A path as it is; a pattern as the files that match it, so that the folder of <c>**/*.md</c> may still be written to; nothing for
    /// <c>dotnet-docs</c>, for ids in place (<c>1,2,3</c>) and for what is not there, which reading refuses with its reason.
    /// </summary>
    /// <param name="name">What it is, for messages: <c>the text</c>.</param>
    /// <param name="sources">The sources as the user gave them.</param>
    public static IEnumerable<ReadPlace> Of(string name, IEnumerable<string> sources) => sources.SelectMany(source => Places(name, source));

    private static IEnumerable<ReadPlace> Places(string name, string source)
    {
        var path = DocumentSource.PathOf(source);
        if (Path.Exists(path))
            return [new(name, path)];
        try
        {
            return Glob.IsPattern(path) ? SourceFiles.Find(path).Select(file => new ReadPlace(name, file) { IsFound = true }) : [];
        }
        catch (EspalierException)
        {
            return [];
        }
    }
}
