using System.Text;
using System.Text.Unicode;

namespace Espalier.Files;

/// <summary>Bytes as text.</summary>
internal static class Utf8Text
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The first byte that is no UTF-8, or null where all are.</summary>
    public static int? FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return null;
        try
        {
            _ = s_strict.GetCharCount(bytes);
            return null;
        }
        catch (DecoderFallbackException error)
        {
            return error.Index;
        }
    }
}
