namespace Espalier.Compression.Data.Tokens;

/// <summary>What <c>tokens.json</c> says about a token store.</summary>
internal sealed record TokenStoreIndex
{
    /// <summary>The format that this program writes, and the newest that it reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of the format.</summary>
    public required int Version { get; init; }

    /// <summary>Number of ids in <c>tokens.bin</c>.</summary>
    public required long Count { get; init; }

    /// <summary><c>uint16</c> or <c>int32</c>, little-endian.</summary>
    public required string Dtype { get; init; }

    /// <summary>Number of documents; <c>documents.bin</c> holds where each begins (little-endian int64).</summary>
    public required long Documents { get; init; }

    /// <summary>Ids are below it.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>UTF-8 bytes of all documents' text: bits per byte divides by them.</summary>
    public required long TextBytes { get; init; }

    /// <summary>SHA-256 of the tokenizer.</summary>
    public required string TokenizerSha256 { get; init; }

    /// <summary>SHA-256 of <c>tokens.bin</c>.</summary>
    public required string TokensSha256 { get; init; }

    /// <summary>Where the text came from, as the user named it.</summary>
    public required string Source { get; init; }

    internal static string DtypeName(TokenWidth width) => width == TokenWidth.UInt16 ? "uint16" : "int32";

    internal TokenWidth WidthOf(string path) => Dtype switch
    {
        "uint16" => TokenWidth.UInt16,
        "int32" => TokenWidth.Int32,
        _ => throw new EspalierException($"{path}: dtype is '{Dtype}'; it must be uint16 or int32"),
    };
}
