namespace Espalier.Compression.Importance;

/// <summary>Several files of scores in one folder.</summary>
internal static class ScoresFolder
{
    /// <summary>Writes them; the folder appears whole or not at all.</summary>
    /// <param name="folder">The folder to make; an empty one may be there.</param>
    /// <param name="files">Names and scores.</param>
    public static void Write(string folder, IEnumerable<(string Name, ImportanceScores Scores)> files) =>
        DurableOutput.WriteFolder(folder, 0, place =>
        {
            foreach (var (name, scores) in files)
                ScoresFile.Write(Path.Combine(place, name), scores);
        });
}
