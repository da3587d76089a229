using System.Text;

namespace Espalier.Compression.Data.Files;

/// <summary>
/// Whether the beginning of a file of an unknown kind is text. Text in another encoding of single bytes has few bad ones.
/// </summary>
internal static class BinaryContent
{
    private const int HeadBytes = 8 << 10;

    /// <summary>What is wrong with the bytes as text; null for text, and for UTF-16, which has a reason of its own.</summary>
    public static string? WhyNotText(ReadOnlySpan<byte> head)
    {
        if (head is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
            return null;
        if (head.IndexOf((byte)0) is >= 0 and var at)
            return $"it is not text: a NUL byte at {at}";
        var bad = 0;
        for (var rest = head; !rest.IsEmpty;)
        {
            var status = Rune.DecodeFromUtf8(rest, out _, out var length);
            if (status == System.Buffers.OperationStatus.NeedMoreData)
                break;
            if (status == System.Buffers.OperationStatus.InvalidData)
                bad++;
            rest = rest[length..];
        }
        return 10 * bad <= head.Length ? null
            : $"it is not text: {bad} of its first {head.Length} bytes are not UTF-8; text in "
                + "another encoding must be converted, as with iconv -f WINDOWS-1252 -t UTF-8";
    }

    /// <summary>
    /// What the bytes look like without saying so, by iconv's name: UTF-16 of mostly Latin letters has a zero in every second byte, and
    /// none between.
    /// </summary>
    public static string? WideForm(ReadOnlySpan<byte> head)
    {
        Span<int> zeros = stackalloc int[2];
        for (var i = 0; i < head.Length; i++)
            if (head[i] == 0)
                zeros[i & 1]++;
        return head.Length < 16 ? null
            : 4 * zeros[0] > head.Length && zeros[1] == 0 ? "UTF-16BE"
            : 4 * zeros[1] > head.Length && zeros[0] == 0 ? "UTF-16LE"
            : null;
    }

    /// <summary>The same of a file; null also where it cannot be read, which its reader says.</summary>
    public static string? WhyNotText(string path)
    {
        try
        {
            using var file = ReadableFile.Open(path);
            var head = new byte[HeadBytes];
            return WhyNotText(head.AsSpan(0, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or EspalierException)
        {
            return null;
        }
    }
}
