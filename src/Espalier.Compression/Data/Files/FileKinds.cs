namespace Espalier.Compression.Data.Files;

/// <summary>What a file is by the ending of its name, and which files a folder stands for.</summary>
internal static class FileKinds
{
    /// <summary>For messages.</summary>
    public const string InFolders =
        "txt, md, jsonl, ndjson, each also as .gz, .zst or .bz2; json.gz, json.zst, json.bz2, parquet; xml (.NET documentation)";

    private static readonly string[] s_packed = [".gz", ".zst", ".bz2"];

    private static readonly (string Ending, FileKind Kind)[] s_kinds =
    [
        (".txt", FileKind.Text), (".md", FileKind.Text), (".raw", FileKind.Text), (".jsonl", FileKind.JsonLines),
        (".ndjson", FileKind.JsonLines),
        (".json", FileKind.Json), (".csv", FileKind.Csv), (".tsv", FileKind.Tsv), (".parquet", FileKind.Parquet), (".xml", FileKind.Xml),
    ];

    /// <summary>The name without the ending of its compression.</summary>
    public static string Unpacked(string path) =>
        s_packed.FirstOrDefault(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) is { } packed ? path[..^packed.Length]
            : path;

    /// <summary>The kind that has the ending; null where none has, and the file is plain text if it is named.</summary>
    public static FileKind? Of(string path)
    {
        var name = Unpacked(path);
        foreach (var (ending, kind) in s_kinds)
            if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                return kind;
        return null;
    }

    /// <summary>
    /// Whether a folder, or a pattern that leaves the ending open, stands for the file too. Tables, loose .json (mostly settings) and .raw
    /// (mostly pictures) must be named.
    /// </summary>
    public static bool IsInFolders(string path)
    {
        var name = Unpacked(path);
        var packed = name.Length < path.Length;
        return Of(path) switch
        {
            FileKind.Text => !name.EndsWith(".raw", StringComparison.OrdinalIgnoreCase),
            FileKind.JsonLines => true,
            FileKind.Json => packed,
            FileKind.Parquet or FileKind.Xml => !packed,
            _ => false,
        };
    }

    /// <summary>Whether a folder that holds the file likely wants it read and a word is due that it is not: .json, tables, .raw.</summary>
    public static bool MustBeNamed(string path) => Of(path) is not null && !IsInFolders(path);
}
