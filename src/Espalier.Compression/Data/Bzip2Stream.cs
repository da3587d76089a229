namespace Espalier.Compression.Data;

/// <summary>
/// Reads bzip2 streams, one or several one after the other; damage and an early end are an <see cref="InvalidDataException"/>, as they are
/// for gzip. Its blocks, of 100 to 900 kB, are Huffman codes of move-to-front indices of a Burrows-Wheeler transform (Burrows and Wheeler,
/// SRC Research Report 124, 1994).
/// </summary>
/// <param name="packed">What is read; not owned.</param>
internal sealed class Bzip2Stream(Stream packed) : UnpackingStream
{
    private const long BlockBegins = 0x314159265359, StreamEnds = 0x177245385090;

    // Four equal bytes are followed by how many more of them there are.
    private const int RunBegins = 4;

    private readonly BitReader _bits = new(packed);
    private Bzip2Block? _block;
    private int _size;
    private uint _streamCheck, _blockCheck, _expected;
    private int _last = -1, _same, _repeat;
    private bool _isAtEnd;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var written = 0;
        while (written < buffer.Length && !_isAtEnd)
        {
            if (_repeat > 0)
            {
                _repeat--;
                Write((byte)_last, buffer, ref written);
            }
            else if (_block is null || !_block.TryNext(out var value))
                NextBlock();
            else if (_same == RunBegins)
                (_repeat, _same) = (value, 0);
            else
            {
                _same = value == _last ? _same + 1 : 1;
                _last = value;
                Write(value, buffer, ref written);
            }
        }
        return written;
    }

    private void Write(byte value, Span<byte> buffer, ref int written)
    {
        buffer[written++] = value;
        _blockCheck = Bzip2Check.Of(_blockCheck, value);
    }

    // Runs do not go from block to block.
    private void NextBlock()
    {
        if (_block is not null)
        {
            if (~_blockCheck != _expected)
                throw new InvalidDataException("a bzip2 block is damaged: its checksum is another");
            _streamCheck = (_streamCheck << 1 | _streamCheck >> 31) ^ _expected;
        }
        (_block, _last, _same, _repeat, _blockCheck) = (null, -1, 0, 0, uint.MaxValue);
        if (_size == 0 && !TryBeginStream())
            return;
        var mark = _bits.Read(24) << 24 | _bits.Read(24);
        _expected = (uint)_bits.Read(32);
        if (mark == BlockBegins)
            _block = Bzip2Block.Read(_bits, _size);
        else if (mark != StreamEnds)
            throw new InvalidDataException("a bzip2 block begins with something else: the file is damaged");
        else if (_expected != _streamCheck)
            throw new InvalidDataException("a bzip2 stream is damaged: its checksum is another");
        else
        {
            _size = 0;
            _bits.ToByte();
        }
    }

    // A file without anything is none; after a stream it may end, or another begin.
    private bool TryBeginStream()
    {
        if (_bits.HasBegun && _bits.IsAtEnd())
        {
            _isAtEnd = true;
            return false;
        }
        var (name, size) = (_bits.Read(24), _bits.Read(8));
        if (name != 0x425A68 || size is not (>= '1' and <= '9'))
            throw new InvalidDataException("is no bzip2 stream: it must begin with BZh and a digit");
        (_size, _streamCheck) = ((int)(size - '0') * 100_000, 0);
        return true;
    }
}
