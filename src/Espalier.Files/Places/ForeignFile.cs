using System.Text;

namespace Espalier.Files;

/// <summary>What a file is that is not what its name says: told from its first bytes, for an error that leads somewhere.</summary>
internal static class ForeignFile
{
    /// <summary>First bytes that are enough to tell.</summary>
    public const int Start = 512;

    /// <summary>What the file is and the way out, to stand after its path; null where it is nothing that is known.</summary>
    /// <param name="start">Its first bytes, up to <see cref="Start"/>.</param>
    public static string? Explain(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("version https://git-lfs.github.com/spec/"u8))
            return $"is a git-lfs pointer{Size(start)}, not the file itself; "
                + "run \"git lfs pull\" in its folder, or download the file again";
        if (start.StartsWith("GGUF"u8))
            return "is a GGUF file; convert it with espalier import FILE --output FOLDER, and give that folder";
        if (start.StartsWith("PK\u0003\u0004"u8) && start.IndexOf("/data.pkl"u8) < 0)
            return "is a ZIP archive; unpack it and give its contents";
        if (start.StartsWith("PK\u0003\u0004"u8) || start.StartsWith(new byte[] { 0x80, 0x02 }))
            return "holds pickled weights, which can run code and are never read; "
                + "convert them to safetensors (save_pretrained with safe_serialization=True)";
        var text = start.TrimStart(" \t\r\n"u8);
        return text.StartsWith("<!DOCTYPE"u8) || text.StartsWith("<!doctype"u8) || text.StartsWith("<html"u8)
            ? "is a web page, usually left by a download that was redirected or needs a login; download the file again"
            : null;
    }

    /// <summary>The same of a file; null too where it cannot be read.</summary>
    public static string? Explain(string path)
    {
        try
        {
            // A pipe or a device has no length, and is never opened.
            if (RealPath.LengthOf(path) == 0)
                return null;
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            var start = new byte[Start];
            return Explain(start.AsSpan(0, stream.ReadAtLeast(start, Start, throwOnEndOfStream: false)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Size(ReadOnlySpan<byte> pointer)
    {
        var line = Encoding.UTF8.GetString(pointer).Split('\n')
            .FirstOrDefault(static line => line.StartsWith("size ", StringComparison.Ordinal));
        return long.TryParse(line?[5..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? $" to a file of {size} bytes" : "";
    }
}
