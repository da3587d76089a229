namespace Espalier.Compression.Data.Tokens;

/// <summary>How an id lies on disk, little-endian; the value is its number of bytes.</summary>
internal enum TokenWidth
{
    /// <summary>Unsigned 16 bits: vocabularies up to 65,536.</summary>
    UInt16 = 2,

    /// <summary>Signed 32 bits.</summary>
    Int32 = 4,
}
