using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Formats;

/// <summary>A record, or why there is none.</summary>
/// <param name="Line">Where it begins.</param>
/// <param name="Json">Its bytes; null with a <paramref name="Fault"/>.</param>
/// <param name="Fault">Why it was left out; null where it is whole.</param>
internal readonly record struct JsonPiece(long Line, byte[]? Json, SkipReason? Fault);

/// <summary>
/// Cuts a stream of JSON text into the records of its outermost array, or into those that stand in it one after the other.
/// </summary>
/// <param name="limit">Most bytes of a record.</param>
internal sealed class JsonRecordSplitter(int limit)
{
    private readonly List<byte> _record = [];
    private long _line;
    private int _depth;
    private bool _inString, _escaped, _tooLong, _inArray, _begun, _lost, _midLine;
    private byte _last;

    private bool Inside => _depth > 0 || _inString;

    /// <summary>Takes the next piece of text and adds what it ends.</summary>
    public void Take(ReadOnlySpan<byte> text, long line, bool endsLine, Queue<JsonPiece> done)
    {
        // In JSON lines a new object at the edge of a line, where no value may stand, says that the one before was cut.
        if (Inside && !_midLine && !_inArray && text.StartsWith("{"u8) && _last is not ((byte)':' or (byte)',' or (byte)'['))
            Break(done);
        foreach (var b in text)
        {
            if (Inside)
                Continue(b, done);
            else
                Between(b, line, done);
        }
        _midLine = !endsLine;
        if (!endsLine)
            return;
        // No string goes over the end of a line: the record is broken.
        if (_inString)
            Break(done);
        else if (_depth > 0)
            Append((byte)'\n');
    }

    /// <summary>Ends the text.</summary>
    public void End(Queue<JsonPiece> done)
    {
        if (Inside)
            Break(done);
    }

    private void Between(byte b, long line, Queue<JsonPiece> done)
    {
        if (b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)',')
            return;
        if (b == ']' && _inArray)
        {
            _inArray = false;
        }
        else if (b == '[' && !_begun)
        {
            (_begun, _inArray) = (true, true);
        }
        else if (b is (byte)'{' or (byte)'[' || (b == '"' && !_lost))
        {
            _record.Clear();
            (_begun, _line, _tooLong, _lost) = (true, line, false, false);
            Continue(b, done);
        }
        else if (!_lost)
        {
            // Numbers and words, up to the next record, are one fault; so is what a broken record leaves.
            (_begun, _lost) = (true, true);
            done.Enqueue(new(line, null, SkipReason.MalformedJson));
        }
    }

    private void Continue(byte b, Queue<JsonPiece> done)
    {
        Append(b);
        if (_inString)
        {
            if (_escaped)
                _escaped = false;
            else if (b == '\\')
                _escaped = true;
            else if (b == '"')
                _inString = false;
        }
        else if (b == '"')
        {
            _inString = true;
        }
        else if (b is (byte)'{' or (byte)'[')
        {
            _depth++;
        }
        else if (b is (byte)'}' or (byte)']')
        {
            _depth--;
        }
        if (b is not ((byte)' ' or (byte)'\t' or (byte)'\r'))
            _last = b;
        if (Inside)
            return;
        done.Enqueue(_tooLong ? new(_line, null, SkipReason.LongLine) : new(_line, [.. _record], null));
        Reset();
    }

    private void Append(byte b)
    {
        if (_record.Count >= limit)
            _tooLong = true;
        else
            _record.Add(b);
    }

    private void Break(Queue<JsonPiece> done)
    {
        done.Enqueue(new(_line, null, _tooLong ? SkipReason.LongLine : SkipReason.MalformedJson));
        Reset();
        _lost = true;
    }

    private void Reset()
    {
        (_depth, _inString, _escaped, _last) = (0, false, false, 0);
        _record.Clear();
        // What one long record took is not kept for short ones.
        if (_record.Capacity > 1 << 20)
            _record.Capacity = 0;
    }
}
