using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Formats;

/// <summary>
/// The rows of a table. A row whose quotes never end is counted, and its other lines are read again as rows of their own.
/// </summary>
/// <param name="lines">The text.</param>
/// <param name="separator">What parts values; null to tell by the first line.</param>
/// <param name="path">The file, for messages.</param>
internal sealed class TableRows(LineReader lines, char? separator, string path, DocumentOptions options, SkipCounts skips)
{
    private const long LeastLookAhead = 8 << 10;

    private readonly Stack<(string Text, long Number)> _again = [];
    private char? _separator = separator;
    private long _lookAhead = options.MaxLineBytes;

    /// <summary>Where the last row began.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The next row; null at the end.</summary>
    public IReadOnlyList<string>? Next()
    {
        while (NextLine() is { } first)
        {
            if (first.Text.Length == 0)
                continue;
            var row = new TableRow(_separator ??= SeparatorOf(first.Text));
            var values = row.Take(first.Text);
            var (others, length) = (new List<(string, long)>(), (long)first.Text.Length);
            if (_again.Count == 0)
                _lookAhead = options.MaxLineBytes;
            while (values is null && length <= _lookAhead && NextLine() is { } other)
            {
                others.Add(other);
                length += other.Text.Length + 1;
                values = row.Take(other.Text);
            }
            LineNumber = first.Number;
            if (values is not null)
                return values;
            // The row in which a damaged file ends is counted once, as that file.
            if (lines.Truncated)
                return null;
            skips.Add(SkipReason.MalformedRow, () => $"{path}:{first.Number} has a quote that never ends");
            // Each quote without an end halves how far the rows that are read again may reach: many of them cost a few passes, not one
            // each.
            _lookAhead = Math.Max(LeastLookAhead, Math.Min(_lookAhead, length) / 2);
            for (var i = others.Count - 1; i >= 0; i--)
                _again.Push(others[i]);
        }
        return null;
    }

    private (string Text, long Number)? NextLine()
    {
        if (_again.TryPop(out var again))
            return again;
        while (lines.TryRead(out var line, out var whole))
        {
            var number = lines.LineNumber;
            if (whole)
                return (CleanText.Decode(line, skips), number);
            skips.Add(SkipReason.LongLine,
                () => $"{path}:{number} is longer than {options.MaxLineBytes} bytes; FILE;max-line-bytes=N reads longer ones");
            while (!whole && lines.TryRead(out _, out whole)) { }
        }
        return null;
    }

    /// <summary>Spreadsheets of half the world write semicolons.</summary>
    private static char SeparatorOf(string header) =>
        ((ReadOnlySpan<char>)[',', ';', '\t', '|']).ToArray().MaxBy(c => header.Count(c.Equals));
}
