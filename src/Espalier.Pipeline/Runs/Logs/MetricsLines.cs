using System.Security.Cryptography;
using System.Text;

namespace Espalier.Pipeline.Runs.Logs;

/// <summary>Reading <c>metrics.jsonl</c>, also while it is being written.</summary>
internal static class MetricsLines
{
    /// <summary>A longer line is damage.</summary>
    private const int LongestLine = 1 << 20;

    /// <summary>
    /// The lines of a log in order; a last line without its end (a write in progress, a crash) is left out, a missing file is empty.
    /// </summary>
    /// <exception cref="EspalierException">A line is damaged, or it is no file; the message names it.</exception>
    public static IEnumerable<(long Step, JsonObject Fields)> Read(string path)
    {
        if (LibC.Identity(path) is { IsRegular: false } && !Directory.Exists(path))
            throw new EspalierException($"{path} is a pipe or a device, not a log");
        if (!File.Exists(path))
            yield break;
        var number = 0;
        foreach (var (_, line) in Lines(path))
        {
            number++;
            yield return Parse(line) ?? throw Damaged(path, number);
        }
    }

    /// <summary>The last number of a field, of a log by which nothing is decided; null where there is none, or it cannot be read.</summary>
    public static double? Last(string path, string field) => Perhaps.Read(() =>
        Read(path).Select(line => (double?)line.Fields[field]).LastOrDefault(number => number is not null));

    /// <summary>
    /// How many bytes hold the lines up to and including <paramref name="step"/>. What follows them may be anything, for it was never
    /// flushed; but such a line after a broken one means that the part to keep is damaged.
    /// </summary>
    internal static long LengthUpTo(string path, long step)
    {
        var (keep, number, firstOther) = (0L, 0, 0);
        foreach (var (end, line) in Lines(path))
        {
            number++;
            if (Parse(line) is not { } parsed || parsed.Step > step)
                firstOther = firstOther == 0 ? number : firstOther;
            else if (firstOther == 0)
                keep = end;
            else
                throw Damaged(path, firstOther);
        }
        return keep;
    }

    /// <summary><see cref="LengthUpTo"/> of a log that decides nothing: what comes before the first damaged line.</summary>
    internal static long WholeLengthUpTo(string path, long step)
    {
        var keep = 0L;
        foreach (var (end, line) in Lines(path))
        {
            if (Parse(line) is not { } parsed || parsed.Step > step)
                break;
            keep = end;
        }
        return keep;
    }

    private static EspalierException Damaged(string path, int line) =>
        new($"{path}, line {line}: damaged; delete its folder to run that stage again");

    private static (long Step, JsonObject Fields)? Parse(byte[] line)
    {
        try
        {
            return JsonNode.Parse(line, documentOptions: RecordFile.Strict) is JsonObject fields
                && fields["step"] is JsonValue value && value.TryGetValue<long>(out var step) && step >= 0
                ? (step, fields)
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The ended lines with the position after each; an overlong one comes cut, and so does not parse.</summary>
    private static IEnumerable<(long End, byte[] Line)> Lines(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1 << 16);
        using var line = new MemoryStream();
        var end = 0L;
        for (int value; (value = file.ReadByte()) >= 0;)
        {
            end++;
            if (value != '\n')
            {
                if (line.Length < LongestLine)
                    line.WriteByte((byte)value);
                continue;
            }
            yield return (end, line.Length < LongestLine ? line.ToArray() : []);
            line.SetLength(0);
        }
    }
}
