using System.Runtime.InteropServices;

namespace Espalier.Models.Checkpoints.Safetensors;

/// <summary>Reads bytes from a place of a file.</summary>
/// <param name="offset">The place.</param>
/// <param name="destination">Receives as many bytes as it is long.</param>
internal delegate void FileBytes(long offset, Span<byte> destination);

/// <summary>
/// Reads matrices whose elements lie apart (<see cref="TensorLattice"/>). Whoever reads one reads it row by row, and its rows lie across
/// all of it: the one that was read last is kept whole. Safe from several threads, which wait for each other.
/// </summary>
internal sealed class LatticeReader
{
    private const int BufferBytes = 1 << 20, ColumnsAtOnce = 64;

    private readonly Lock _lock = new();
    private TensorEntry? _entry;
    private byte[] _matrix = [];

    /// <summary>Copies bytes of a matrix as if it stood row by row.</summary>
    /// <param name="entry">The matrix.</param>
    /// <param name="byteOffset">The first byte, counted within it.</param>
    /// <param name="destination">Receives as many bytes as it is long.</param>
    /// <param name="read">Reads the file.</param>
    public void Read(TensorEntry entry, long byteOffset, Span<byte> destination, FileBytes read)
    {
        lock (_lock)
        {
            if (_entry != entry)
            {
                (_entry, _matrix) = (null, new byte[entry.ByteLength]);
                Gather(entry, read);
                _entry = entry;
            }

            _matrix.AsSpan((int)byteOffset, destination.Length).CopyTo(destination);
        }
    }

    private void Gather(TensorEntry entry, FileBytes read)
    {
        var (size, lattice) = (entry.Type.Bytes(), entry.Lattice!);
        var column = checked((int)(((lattice.Rows - 1) * lattice.RowStep + 1) * size));
        var distance = (int)lattice.ColumnStep * size;
        var atOnce = (int)Math.Clamp(BufferBytes / distance, 1, Math.Min(ColumnsAtOnce, lattice.Columns));
        var buffer = new byte[(atOnce - 1) * distance + column];
        for (var first = 0; first < lattice.Columns; first += atOnce)
        {
            var columns = (int)Math.Min(atOnce, lattice.Columns - first);
            var bytes = buffer.AsSpan(0, (columns - 1) * distance + column);
            read(entry.Offset + (long)first * distance, bytes);
            switch (size)
            {
                case 2:
                    Scatter<ushort>(bytes, lattice, first, columns);
                    break;
                case 4:
                    Scatter<uint>(bytes, lattice, first, columns);
                    break;
                default:
                    Scatter<ulong>(bytes, lattice, first, columns);
                    break;
            }
        }
    }

    private void Scatter<T>(ReadOnlySpan<byte> bytes, TensorLattice lattice, int first, int columns)
        where T : unmanaged
    {
        var from = MemoryMarshal.Cast<byte, T>(bytes);
        var to = MemoryMarshal.Cast<byte, T>(_matrix.AsSpan());
        for (var row = 0; row < lattice.Rows; row++)
            for (var column = 0; column < columns; column++)
                to[(int)(row * lattice.Columns) + first + column] = from[(int)(column * lattice.ColumnStep + row * lattice.RowStep)];
    }
}
