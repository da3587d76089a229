using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Formats;

/// <summary>A record, or why there is none.</summary>
/// <param name="Line">Where it begins.</param>
/// <param name="Json">Its bytes; null with a <paramref name="Fault"/>.</param>
/// <param name="Fault">Why it was left out; null where it is whole.</param>
internal readonly record struct JsonPiece(long Line, byte[]? Json, SkipReason? Fault);

/// <summary>
/// Cuts a stream of JSON text into the records of its outermost array, or into those that stand in it one after the other. A record is
/// broken at the first byte that cannot follow, and what it took is looked through again for the next one, so that none swallows the rest.
/// </summary>
/// <param name="limit">Most bytes of a record.</param>
internal sealed class JsonRecordSplitter(int limit)
{
    // Bytes that may be read again for each that is read, so that no text takes more than so many times its length.
    private const int Again = 4;

    private readonly List<byte> _record = [], _open = [];
    private readonly Stack<byte> _again = [];
    private long _line, _now, _credit;
    private bool _inString, _escaped, _tooLong, _inArray, _begun, _lost;
    private byte _last;

    private bool Inside => _open.Count > 0 || _inString;

    /// <summary>Takes the next piece of text and adds what it ends.</summary>
    public void Take(ReadOnlySpan<byte> text, long line, bool endsLine, Queue<JsonPiece> done)
    {
        _now = line;
        foreach (var b in text)
            Step(b, done);
        if (endsLine)
            Step((byte)'\n', done);
    }

    /// <summary>Ends the text.</summary>
    public void End(Queue<JsonPiece> done)
    {
        if (Inside)
            done.Enqueue(Fault());
    }

    private void Step(byte next, Queue<JsonPiece> done)
    {
        _credit += Again;
        var b = next;
        do
        {
            if (!Inside)
                Between(b, done);
            else if (Fits(b))
                Continue(b, done);
            else
                Break(b, done);
        }
        while (_again.TryPop(out b));
    }

    private void Between(byte b, Queue<JsonPiece> done)
    {
        if (b == '\n')
            _now++;
        if (IsSpace(b))
            return;
        if (b == ',')
        {
        }
        else if (b == ']' && _inArray && !_lost)
        {
            _inArray = false;
        }
        else if (b == '[' && !_begun)
        {
            (_begun, _inArray) = (true, true);
        }
        // What a broken record leaves may have objects in it: none is a record where it is the value of a key, or the first of a list.
        else if ((b is (byte)'{' or (byte)'[' && !(_lost && _last is (byte)':' or (byte)'[')) || (b == '"' && !_lost))
        {
            (_begun, _line, _tooLong, _lost) = (true, _now, false, false);
            Continue(b, done);
            return;
        }
        else if (!_lost)
        {
            // Numbers and words, up to the next record, are one fault; so is what a broken record leaves.
            (_begun, _lost) = (true, true);
            done.Enqueue(new(_now, null, SkipReason.MalformedJson));
        }
        _last = b;
    }

    /// <summary>Whether a byte may follow inside a record, as far as that says where it ends.</summary>
    private bool Fits(byte b)
    {
        if (_inString)
            return b != '\n';
        var inObject = _open[^1] == '{';
        return b switch
        {
            (byte)'{' or (byte)'[' => _last is (byte)':' or (byte)'[' || (_last == ',' && !inObject),
            (byte)'"' => _last is (byte)':' or (byte)',' or (byte)'[' or (byte)'{',
            (byte)'}' => inObject,
            (byte)']' => !inObject,
            (byte)':' => inObject && _last == '"',
            (byte)',' => true,
            _ => IsSpace(b) || _last is not ((byte)'"' or (byte)'}' or (byte)']' or (byte)'{'),
        };
    }

    private void Continue(byte b, Queue<JsonPiece> done)
    {
        if (_record.Count >= limit)
            _tooLong = true;
        else
            _record.Add(b);
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
            _open.Add(b);
        }
        else if (b is (byte)'}' or (byte)']')
        {
            _open.RemoveAt(_open.Count - 1);
        }
        if (b == '\n')
            _now++;
        if (!IsSpace(b))
            _last = b;
        if (Inside)
            return;
        done.Enqueue(_tooLong ? Fault() : new(_line, [.. _record], null));
        Reset();
    }

    /// <summary>Gives the record up at a byte that cannot follow. A string that a line ends has no record in it.</summary>
    private void Break(byte b, Queue<JsonPiece> done)
    {
        done.Enqueue(Fault());
        _again.Push(b);
        if (!_inString && !_tooLong && _record.Count <= _credit)
        {
            _credit -= _record.Count;
            _now = _line;
            for (var i = _record.Count - 1; i > 0; i--)
                _again.Push(_record[i]);
        }
        Reset();
        _lost = true;
    }

    private JsonPiece Fault() => new(_line, null, _tooLong ? SkipReason.LongLine : SkipReason.MalformedJson);

    private void Reset()
    {
        (_inString, _escaped, _last) = (false, false, 0);
        _open.Clear();
        _record.Clear();
        // What one long record took is not kept for short ones.
        if (_record.Capacity > 1 << 20)
            _record.Capacity = 0;
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';
}
