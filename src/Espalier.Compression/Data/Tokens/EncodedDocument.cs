using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Tokens;

/// <summary>One document's ids, on their way into a store.</summary>
/// <param name="Ids">Its ids, EOS included.</param>
/// <param name="Utf8Bytes">UTF-8 bytes of its text.</param>
/// <param name="Hash">The first 64 bits of its text's SHA-256.</param>
/// <param name="IsRepetitive">Whether it repeats itself more than was asked for.</param>
internal readonly record struct EncodedDocument(ReadOnlyMemory<int> Ids, int Utf8Bytes, ulong Hash, bool IsRepetitive = false)
{
    /// <summary>Where it stands in its source.</summary>
    public DocumentPlace Place { get; init; }
}
