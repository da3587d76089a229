using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Espalier.Compression.Data.Files;

/// <summary>
/// Reads gzip members (RFC 1952), one or several one after the other. .NET's own stream takes a later member that is cut or damaged for the
/// end, and bytes behind the last one too: here each must be whole, and nothing but zeros may follow.
/// </summary>
internal sealed class GzipStream(FileStream packed) : UnpackingStream(
    () => new Members(packed), static error => error is InvalidDataException or EndOfStreamException)
{
    private sealed class Members(FileStream packed) : Stream
    {
        private const int TrailerBytes = 8, HeaderBytes = 10;

        // More than .NET reads ahead of what it unpacks.
        private const int ReadAhead = 1 << 16;

        private const int HasChecksum = 2, HasExtra = 4, HasName = 8, HasComment = 16;

        private static readonly byte[] s_magic = [0x1f, 0x8b, 8];

        private readonly Crc32 _checksum = new();
        private DeflateStream? _text;
        private long _begin;
        private uint _length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            while (_text is not null || Begin())
            {
                if (_text!.Read(buffer) is > 0 and var count)
                {
                    _checksum.Append(buffer[..count]);
                    _length += (uint)count;
                    return count;
                }
                if (buffer.Length == 0)
                    return 0;
                End();
            }
            return 0;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _text?.Dispose();
            base.Dispose(disposing);
        }

        // The next member's header; false where there is none.
        private bool Begin()
        {
            if (packed.Position == packed.Length)
                return false;
            Span<byte> header = stackalloc byte[HeaderBytes];
            var read = packed.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
            if (!header.StartsWith(s_magic) || read < HeaderBytes)
            {
                // Padding, as tapes and tar have it.
                if (_begin > 0 && !header[..read].ContainsAnyExcept((byte)0) && RestIsZero())
                    return false;
                throw new InvalidDataException("what follows is no gzip member");
            }
            var flags = header[3];
            if ((flags & HasExtra) != 0)
                packed.Position += Byte() + 256 * Byte();
            for (var texts = ((flags & HasName) != 0 ? 1 : 0) + ((flags & HasComment) != 0 ? 1 : 0); texts > 0;)
                if (Byte() == 0)
                    texts--;
            if ((flags & HasChecksum) != 0)
                packed.Position += 2;
            _begin = packed.Position;
            _checksum.Reset();
            _length = 0;
            _text = new(packed, CompressionMode.Decompress, leaveOpen: true);
            return true;
        }

        // Behind the member stand its checksum and its length, within what was read ahead: where they do, it ends, whole. The zeros of a
        // member without a text begin before that in its own data: of several places, the first with a member behind it counts.
        private void End()
        {
            _text!.Dispose();
            _text = null;
            Span<byte> trailer = stackalloc byte[TrailerBytes];
            BinaryPrimitives.WriteUInt32LittleEndian(trailer, _checksum.GetCurrentHashAsUInt32());
            BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _length);
            var from = Math.Max(_begin, packed.Position - ReadAhead);
            var last = new byte[packed.Position + TrailerBytes + s_magic.Length - from];
            packed.Position = from;
            var read = last.AsSpan(0, packed.ReadAtLeast(last, last.Length, throwOnEndOfStream: false));
            var first = read.IndexOf(trailer);
            if (first < 0)
                throw new InvalidDataException("a gzip member is cut off or damaged");
            var end = first;
            while (!read[(end + TrailerBytes)..].StartsWith(s_magic) && read[(end + 1)..].IndexOf(trailer) is >= 0 and var next)
                end += 1 + next;
            if (!read[(end + TrailerBytes)..].StartsWith(s_magic))
                end = first;
            packed.Position = from + end + TrailerBytes;
        }

        private int Byte() => packed.ReadByte() is >= 0 and var value ? value : throw new EndOfStreamException();

        private bool RestIsZero()
        {
            var rest = new byte[1 << 12];
            for (int count; (count = packed.Read(rest)) > 0;)
                if (rest.AsSpan(0, count).ContainsAnyExcept((byte)0))
                    return false;
            return true;
        }
    }
}
