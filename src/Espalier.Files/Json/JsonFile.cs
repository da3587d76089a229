namespace Espalier.Files;

/// <summary>
/// The reader of JSON that nobody vouches for: files of a limited size and depth, with or without a byte order mark, whose every fault is
/// one line that
/// names the file. What Python wrote is read as Python reads it (<see cref="LenientJson"/>), everything else strictly, each name once.
/// </summary>
internal static class JsonFile
{
    /// <summary>Longest <c>config.json</c> that is read.</summary>
    public const int MaxConfigBytes = 4 << 20;

    /// <summary>How deep plans, scores, items and the like may go.</summary>
    public const int MaxDepth = 16;

    /// <summary>Reads a file of Python's that holds one object.</summary>
    /// <param name="maxBytes">Longest file that is read at all.</param>
    /// <exception cref="EspalierException">The file is missing, too long, or not one JSON object.</exception>
    public static JsonObject Read(string path, int maxBytes = MaxConfigBytes) => Parse(SmallFile.ReadBytes(path, maxBytes), path);

    /// <summary>Parses one object of Python's; <paramref name="source"/> names it in errors.</summary>
    public static JsonObject Parse(ReadOnlySpan<byte> utf8, string source)
    {
        try
        {
            return LenientJson.Parse(WithoutMark(utf8)) as JsonObject ?? throw new EspalierException($"{source}: is not a JSON object");
        }
        catch (Exception error) when (IsNoJson(error))
        {
            throw Wrong(source, error);
        }
    }

    /// <summary>Reads a file strictly and hands its root to <paramref name="read"/>, with the file's name for errors.</summary>
    /// <param name="maxBytes">Longest file that is read at all.</param>
    /// <exception cref="EspalierException">Unreadable, too long, not JSON, or refused by <paramref name="read"/>.</exception>
    public static T Read<T>(string path, long maxBytes, Func<JsonElement, string, T> read) =>
        Parse(SmallFile.ReadBytes(path, maxBytes), path, read);

    /// <summary>The same of a text.</summary>
    /// <param name="source">What errors call it.</param>
    public static T Parse<T>(ReadOnlyMemory<byte> utf8, string source, Func<JsonElement, string, T> read)
    {
        try
        {
            using var document = Open(utf8, MaxDepth);
            return read(document.RootElement, source);
        }
        catch (Exception error) when (IsNoJson(error))
        {
            throw Wrong(source, error);
        }
    }

    /// <summary>A document that the caller keeps and disposes, each of its names once.</summary>
    /// <param name="utf8">The text; it must not change while the document lives.</param>
    /// <param name="source">What errors call it.</param>
    /// <param name="maxDepth">How deep it may go.</param>
    /// <exception cref="EspalierException">Not JSON.</exception>
    public static JsonDocument Open(ReadOnlyMemory<byte> utf8, string source, int maxDepth)
    {
        try
        {
            return Open(utf8, maxDepth);
        }
        catch (InvalidOperationException error)
        {
            // The parser's complaint about half a surrogate pair.
            throw new EspalierException($"{source}: not valid JSON: a name in it is not well-formed Unicode", error);
        }
        catch (Exception error) when (IsNoJson(error))
        {
            throw Wrong(source, error);
        }
    }

    /// <summary>Whether a file holds an object of some kind; false where it cannot be read or is no JSON.</summary>
    /// <param name="maxBytes">Longer ones are none.</param>
    public static bool Holds(string path, long maxBytes, Predicate<JsonElement> isOfKind)
    {
        try
        {
            return Read(path, maxBytes, (root, _) => root.ValueKind == JsonValueKind.Object && isOfKind(root));
        }
        catch (EspalierException)
        {
            return false;
        }
    }

    /// <summary>The line about a text that is no JSON.</summary>
    internal static EspalierException Wrong(string source, Exception error) =>
        error is JsonException { LineNumber: { } line, BytePositionInLine: { } position }
        ? new($"{source}: not valid JSON at line {line + 1}, byte {position}: {JsonReason.Of(error)}", error)
        : new($"{source}: not valid JSON: {JsonReason.Of(error)}", error);

    /// <summary>
    /// Whether an error says that a text is no JSON. Escaped text that is no valid Unicode is an InvalidOperationException.
    /// </summary>
    internal static bool IsNoJson(Exception error) => error is JsonException or InvalidOperationException or ArgumentException;

    private static JsonDocument Open(ReadOnlyMemory<byte> utf8, int maxDepth) => JsonDocument.Parse(
        utf8[(utf8.Length - WithoutMark(utf8.Span).Length)..], new() { AllowDuplicateProperties = false, MaxDepth = maxDepth });

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> utf8)
    {
        ReadOnlySpan<byte> byteOrderMark = [0xef, 0xbb, 0xbf];
        return utf8.StartsWith(byteOrderMark) ? utf8[byteOrderMark.Length..] : utf8;
    }
}
