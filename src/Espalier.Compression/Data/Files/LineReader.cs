namespace Espalier.Compression.Data.Files;

/// <summary>
/// Lines of a byte stream in bounded memory: a line longer than the limit comes in pieces, cut between UTF-8 sequences.
/// A damaged compressed stream ends early (<see cref="Truncated"/>) instead of throwing.
/// </summary>
internal sealed class LineReader(Stream stream, int limit, string path)
{
    private const int HeadBytes = 8 << 10;

    private byte[] _buffer = new byte[Math.Min(limit, 64 << 10) + 4];
    private int _start, _end;
    private bool _ended, _begun, _midLine;

    /// <summary>The compressed stream was damaged or ended early.</summary>
    public bool Truncated { get; private set; }

    /// <summary>The number of lines begun so far.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The file begins with a byte order mark of UTF-16 or UTF-32; read before the first line.</summary>
    public bool IsWideEncoding
    {
        get
        {
            Begin();
            return _end - _start >= 2 && (_buffer[_start], _buffer[_start + 1]) is (0xFF, 0xFE) or (0xFE, 0xFF);
        }
    }

    /// <summary>The first bytes of the text, up to some thousand; read before the first line.</summary>
    public ReadOnlySpan<byte> Head
    {
        get
        {
            Begin();
            while (!_ended && _end < HeadBytes && _end < _buffer.Length)
                Fill();
            return _buffer.AsSpan(_start, _end - _start);
        }
    }

    /// <summary>The next line without its end (LF or CRLF), valid until the next call.</summary>
    /// <param name="whole">False where the line goes on in the next piece.</param>
    /// <returns>False at the end of the stream.</returns>
    public bool TryRead(out ReadOnlySpan<byte> line, out bool whole)
    {
        Begin();
        for (var scanned = 0; ;)
        {
            var length = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (length >= 0)
                return Take(scanned + length, 1, whole = true, out line);
            scanned = _end - _start;
            if (scanned > limit)
                return Take(Utf8Boundary(limit), 0, whole = false, out line);
            if (_ended)
                return scanned == 0 ? None(out line, out whole) : Take(scanned, 0, whole = true, out line);
            Fill();
        }
    }

    private bool Take(int length, int lineEnd, bool whole, out ReadOnlySpan<byte> line)
    {
        if (!_midLine)
            LineNumber++;
        _midLine = !whole;
        line = _buffer.AsSpan(_start, length);
        if (whole && line is [.., (byte)'\r'])
            line = line[..^1];
        _start += length + lineEnd;
        return true;
    }

    private static bool None(out ReadOnlySpan<byte> line, out bool whole)
    {
        line = default;
        whole = true;
        return false;
    }

    /// <summary>The largest cut at or below <paramref name="at"/> that is not inside a UTF-8 sequence.</summary>
    private int Utf8Boundary(int at)
    {
        for (var cut = at; cut > at - 4; cut--)
            if ((_buffer[_start + cut] & 0xC0) != 0x80)
                return cut;
        return at;
    }

    private void Begin()
    {
        if (_begun)
            return;
        _begun = true;
        while (!_ended && _end < 3)
            Fill();
        if (_end >= 3 && _buffer[0] == 0xEF && _buffer[1] == 0xBB && _buffer[2] == 0xBF)
            _start = 3;
    }

    private void Fill()
    {
        if (_end == _buffer.Length && _start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, limit + 4L));
        try
        {
            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            _ended = read == 0;
            _end += read;
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            Truncated = _ended = true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"data '{path}': cannot be read: {error.Message}", error);
        }
    }
}
