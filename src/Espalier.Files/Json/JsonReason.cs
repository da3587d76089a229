namespace Espalier.Files;

/// <summary>
/// Why a text is no JSON, for a sentence of ours: the reader's own words for the place, and what it says to programmers, stay out.
/// </summary>
internal static class JsonReason
{
    // Where .NET's text goes on with the place, or with what a programmer could do about it.
    private static readonly string[] s_tails = [" Path: $", " LineNumber:", " Change the reader options"];

    /// <summary>The reason alone, without a full stop.</summary>
    public static string Of(Exception error)
    {
        // "Expected depth to be zero at the end of the JSON payload. There is an open JSON object or array that should be closed."
        if (error is JsonException && error.Message.StartsWith("Expected depth", StringComparison.Ordinal))
            return "an object or list is not closed";
        var text = error.Message;
        foreach (var tail in s_tails)
            if (text.IndexOf(tail, StringComparison.Ordinal) is > 0 and var end)
                text = text[..end];
        return text.TrimEnd(' ', '|', '.');
    }

    /// <summary>The same of a text that is one line of a file, after the byte of it, from 0, where the reader knows one.</summary>
    /// <inheritdoc cref="Of"/>
    public static string InLine(Exception error) =>
        error is JsonException { BytePositionInLine: { } position } ? $"at byte {position}: {Of(error)}" : Of(error);
}
