namespace Espalier.Compression.Data.Tokens;

/// <summary>How an id lies on disk, little-endian; the value is its number of bytes.</summary>
internal enum TokenWidth
{
    /// <summary>Unsigned 16 bits: vocabularies up to 65,536.</summary>
    UInt16 = 2,

    /// <summary>Signed 32 bits.</summary>
    Int32 = 4,
}

/// <summary>Which width a vocabulary has.</summary>
internal static class TokenWidths
{
    /// <summary>The smallest that holds every id below a number.</summary>
    public static TokenWidth Of(int vocabulary) => vocabulary <= 65536 ? TokenWidth.UInt16 : TokenWidth.Int32;
}
