using System.Text.Json;
using System.Text.Json.Nodes;

namespace Espalier.Models.Checkpoints;

/// <summary>Reads small JSON files that nobody vouches for, as Python does (<see cref="LenientJson"/>), with a limit on size and depth.</summary>
public static class JsonFile
{
    /// <summary>Longest <c>config.json</c> that is read.</summary>
    public const int MaxConfigBytes = 4 << 20;

    /// <summary>Reads a file that holds one object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Longest file that is read at all.</param>
    /// <exception cref="EspalierException">The file is missing, too long, or not one JSON object.</exception>
    public static JsonObject Read(string path, int maxBytes = MaxConfigBytes)
    {
        try
        {
            // Asked before opening: a pipe or a device has no length, and opening it could wait for ever.
            if (new FileInfo(path).Length == 0)
                throw new EspalierException($"{path}: is empty");
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            if (stream.Length > maxBytes)
                throw new EspalierException($"{path}: {stream.Length} bytes, the limit is {maxBytes}");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            if (ForeignFile.Explain(bytes.AsSpan(0, Math.Min(bytes.Length, ForeignFile.Start))) is { } foreign)
                throw new EspalierException($"{path}: {foreign}");
            return Parse(bytes, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EspalierException(new FileInfo(path).LinkTarget is { } target ? $"{path}: is a link to {target}, which is not there" : $"{path}: not found", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Parses one object; <paramref name="source"/> names it in errors.</summary>
    public static JsonObject Parse(ReadOnlySpan<byte> utf8, string source)
    {
        ReadOnlySpan<byte> byteOrderMark = [0xef, 0xbb, 0xbf];
        if (utf8.StartsWith(byteOrderMark))
            utf8 = utf8[byteOrderMark.Length..];
        try
        {
            return LenientJson.Parse(utf8) as JsonObject ?? throw new EspalierException($"{source}: holds no JSON object");
        }
        // InvalidOperationException: escaped text that is no valid Unicode.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new EspalierException($"{source}: not valid JSON: {e.Message}", e);
        }
    }
}
