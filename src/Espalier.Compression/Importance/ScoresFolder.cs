namespace Espalier.Compression.Importance;

/// <summary>Several files of scores in one folder.</summary>
public static class ScoresFolder
{
    /// <summary>Writes them; the folder appears whole or not at all.</summary>
    /// <param name="folder">The folder to make; an empty one may be there.</param>
    /// <param name="files">Names and scores.</param>
    public static void Write(string folder, IEnumerable<(string Name, ImportanceScores Scores)> files)
    {
        var whole = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var parent = Path.GetDirectoryName(whole) ?? throw new EspalierException($"{folder}: is no folder that can be made");
        Directory.CreateDirectory(parent);
        var part = Path.Combine(parent, $".{Path.GetFileName(whole)}.{Path.GetRandomFileName()}.tmp");
        try
        {
            Directory.CreateDirectory(part);
            foreach (var (name, scores) in files)
                ScoresFile.Write(Path.Combine(part, name), scores);
            if (Directory.Exists(whole))
                Directory.Delete(whole); // an empty one; else this fails
            Directory.Move(part, whole);
        }
        catch
        {
            if (Directory.Exists(part))
                Directory.Delete(part, recursive: true);
            throw;
        }
    }
}
