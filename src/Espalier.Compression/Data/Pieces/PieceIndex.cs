using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Pieces;

/// <summary>
/// What is known of training tokens that are not on the disk as a whole, as <c>pieces.json</c> says it: the row of ids that one store would
/// hold, cut into pieces of equally many windows, each of which can be made again from the source.
/// </summary>
internal sealed record PieceIndex
{
    /// <summary>The index's file, beside <see cref="KeptDocuments.FileName"/>.</summary>
    public const string FileName = "pieces.json";

    /// <summary>The format that this program writes, and the newest that it reads.</summary>
    public const int CurrentVersion = 1;

    private const int MostBytes = 256 << 20;

    /// <summary>The version of the format.</summary>
    public required int Version { get; init; }

    /// <summary>Ids of a window.</summary>
    public required int Window { get; init; }

    /// <summary>Windows of a piece; the last has what is left.</summary>
    public required long PieceWindows { get; init; }

    /// <summary>Ids in all pieces: whole windows.</summary>
    public required long Count { get; init; }

    /// <summary>Bytes of an id on disk.</summary>
    public required int BytesOfToken { get; init; }

    /// <summary>SHA-256 of the tokenizer.</summary>
    public required string TokenizerSha256 { get; init; }

    /// <summary>The source as the user named it.</summary>
    public required string Source { get; init; }

    /// <summary>The pieces, in the order of the source.</summary>
    public required IReadOnlyList<PieceMark> Pieces { get; init; }

    /// <summary>Ids of a piece; the last has what is left.</summary>
    internal long PieceTokens => PieceWindows * Window;

    /// <summary>Ids of one piece.</summary>
    internal long TokensOf(int piece) => Math.Min(PieceTokens, Count - piece * PieceTokens);

    /// <summary>Bytes that pieces take at once, at most; the starts of documents (8 bytes each) come on top.</summary>
    internal long DiskBytes => Math.Min(PieceIndexWriter.Held, Pieces.Count) * PieceTokens * BytesOfToken;

    /// <summary>Whether a folder holds such tokens, and not a store.</summary>
    internal static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>Writes the index into a folder that is there.</summary>
    internal void Write(string folder) => DurableOutput.WriteFile(
        Path.Combine(folder, FileName), 0, stream => JsonSerializer.Serialize(stream, this, DataJson.Options));

    /// <summary>Reads the index of a folder.</summary>
    /// <exception cref="EspalierException">It cannot be read, is of a newer version, or contradicts itself.</exception>
    internal static PieceIndex Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var index = JsonFile.Read(path, MostBytes, (root, source) =>
            root.Deserialize<PieceIndex>(DataJson.Options) ?? throw new EspalierException($"{source}: holds null instead of an object"));
        if (index.Version is < 1 or > CurrentVersion)
            throw new EspalierException(
                $"{path}: version is {index.Version}, but this program knows only up to {CurrentVersion}; use a newer Espalier or start "
                    + "again");
        if (index.Window < 2 || index.PieceWindows < 1 || index.BytesOfToken is not (2 or 4) || index.Count < index.Window
            || index.Count % index.Window != 0 || index.Pieces.Count != (index.Count - 1) / index.PieceTokens + 1)
            throw new EspalierException(
                $"{path}: {index.Count} ids in {index.Pieces.Count} pieces of {index.PieceWindows} windows of {index.Window} ids "
                    + $"contradict each other; start again");
        return index;
    }
}
