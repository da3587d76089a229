namespace Espalier.Models.Tokenizers.Formats;

/// <summary>
/// The file that a tokenizer is read from: tokenizer.json, and where there is none, one of the forms that transformers would convert to it.
/// They are converted here, in memory, to the same, so that one reader and one set of steps serve them all.
/// </summary>
internal static class TokenizerSource
{
    private const string Vocabulary = "vocab.json", Merges = "merges.txt", Tekken = "tekken.json";

    // What transformers looks for, in its order.
    private static readonly string[] s_names = ["tokenizer.json", Tekken, "tokenizer.model", "spiece.model", Vocabulary];

    /// <summary>The files in a folder that a tokenizer may be read from, each in place of the ones after it.</summary>
    public static IReadOnlyList<string> Names => s_names;

    /// <summary>Whether a folder holds a tokenizer in any of the forms.</summary>
    public static bool IsIn(string folder) => Find(folder) is not null;

    /// <summary>The path of a folder's tokenizer; null where it has none.</summary>
    public static string? Find(string folder) => Array.Find(s_names, name => Has(folder, name)) is { } found
        ? Path.Combine(folder, found) : null;

    /// <summary>The path for a folder or for the file itself.</summary>
    /// <exception cref="EspalierException">There is none.</exception>
    public static string Locate(string folderOrFile)
    {
        if (!Directory.Exists(folderOrFile))
            return File.Exists(folderOrFile) ? folderOrFile
                : throw new EspalierException($"{folderOrFile}: not found; give a model folder or its tokenizer");
        return Find(folderOrFile) ?? throw new EspalierException(
            $"{Path.Combine(folderOrFile, s_names[0])}: not found; a tokenizer is read from tokenizer.json, {Tekken}, "
                + $"tokenizer.model, spiece.model, or {Vocabulary} with {Merges}: download it into the folder.");
    }

    /// <summary>The content as tokenizer.json would hold it, and the SHA-256 of the bytes that it was read from.</summary>
    public static (byte[] Json, string Sha256) Read(string path)
    {
        if (Path.GetFileName(path) is Vocabulary)
            return Converted(new VocabularyFiles(path).Convert());
        if (Path.GetFileName(path) is Tekken)
            return Converted(TekkenFile.Convert(path));
        if (Path.GetExtension(path) is ".model")
            return Converted(SentencePieceConverter.Convert(path));
        var bytes = SmallFile.ReadBytes(path, TokenizerFile.LongestFile);
        return (bytes, ContentHash.OfBytes(bytes));
    }

    // Several files may have decided: the hash is that of what came of them.
    private static (byte[], string) Converted(byte[] json) => (json, ContentHash.OfBytes(json));

    private static bool Has(string folder, string name) => File.Exists(Path.Combine(folder, name))
        && (name != Vocabulary || File.Exists(Path.Combine(folder, Merges)));
}
