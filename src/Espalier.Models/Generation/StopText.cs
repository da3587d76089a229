namespace Espalier.Models.Generation;

/// <summary>
/// Ends a text that comes in pieces before the first of some strings. What may be the beginning of one is held back until it is known.
/// Not for several threads.
/// </summary>
internal sealed class StopText
{
    private readonly string[] _stops;
    private string _held = "";

    /// <summary>Takes the strings; empty ones count for nothing.</summary>
    public StopText(IEnumerable<string> stops) => _stops = [.. stops.Where(static stop => stop.Length > 0)];

    /// <summary>The string that ended the text; null while none did.</summary>
    public string? Met { get; private set; }

    /// <summary>What came after the stop, in the piece with which it was whole; empty while none was.</summary>
    public string Rest { get; private set; } = "";

    /// <summary>Takes the next piece and returns the text that is now certain, often empty. After the end all is empty.</summary>
    public string Append(string piece)
    {
        if (Met is not null)
            return "";
        if (_stops.Length == 0)
            return piece;
        var text = _held + piece;
        var (end, met) = First(text);
        Met = met;
        var certain = met is null ? text.Length - Partial(text) : end;
        _held = met is null ? text[certain..] : "";
        Rest = met is null ? "" : text[(end + met.Length)..];
        return text[..certain];
    }

    /// <summary>Ends the text: what was held back was no beginning of a stop.</summary>
    public string Finish()
    {
        var rest = _held;
        _held = "";
        return rest;
    }

    // The stop that begins first; of several that begin there, the one that was given first.
    private (int At, string? Stop) First(string text)
    {
        var (at, met) = (text.Length, (string?)null);
        foreach (var stop in _stops)
            if (text.IndexOf(stop, StringComparison.Ordinal) is >= 0 and var found && found < at)
                (at, met) = (found, stop);
        return (at, met);
    }

    // How long the longest end of the text is that a stop begins with.
    private int Partial(string text)
    {
        var longest = 0;
        foreach (var stop in _stops)
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                    longest = length;
        return longest;
    }
}
