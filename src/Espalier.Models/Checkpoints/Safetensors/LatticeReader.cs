using System.Runtime.InteropServices;

namespace Espalier.Models.Checkpoints.Safetensors;

/// <summary>Reads bytes from a place of a file.</summary>
/// <param name="offset">The place.</param>
/// <param name="destination">Receives as many bytes as it is long.</param>
internal delegate void FileBytes(long offset, Span<byte> destination);

/// <summary>
/// Reads matrices whose elements lie apart (<see cref="TensorLattice"/>). Whoever reads one reads it row by row, and its rows lie across
/// all of it: those that were read last are kept whole, several, for experts are merged row by row. Safe from several threads, which wait
/// for each other.
/// </summary>
internal sealed class LatticeReader
{
    private const int BufferBytes = 1 << 20, ColumnsAtOnce = 64;
    private const long KeptBytes = 256 << 20;

    private readonly Lock _lock = new();
    // The one that was read last comes last.
    private readonly List<(TensorEntry Entry, byte[] Matrix)> _kept = [];

    /// <summary>Copies bytes of a matrix as if it stood row by row.</summary>
    /// <param name="entry">The matrix.</param>
    /// <param name="byteOffset">The first byte, counted within it.</param>
    /// <param name="destination">Receives as many bytes as it is long.</param>
    /// <param name="read">Reads the file.</param>
    public void Read(TensorEntry entry, long byteOffset, Span<byte> destination, FileBytes read)
    {
        lock (_lock)
        {
            var at = _kept.FindIndex(one => one.Entry == entry);
            var one = at >= 0 ? _kept[at] : (Entry: entry, Matrix: Gather(entry, read));
            if (at >= 0)
                _kept.RemoveAt(at);
            _kept.Add(one);
            while (_kept.Count > 2 && _kept.Sum(kept => kept.Matrix.LongLength) > KeptBytes)
                _kept.RemoveAt(0);
            one.Matrix.AsSpan((int)byteOffset, destination.Length).CopyTo(destination);
        }
    }

    private static byte[] Gather(TensorEntry entry, FileBytes read)
    {
        if (entry.ByteLength > Array.MaxLength)
            throw new EspalierException($"'{entry.Name}' is too large to be read at once, {entry.ByteLength} bytes");
        var matrix = new byte[entry.ByteLength];
        var (size, lattice) = (entry.Type.Bytes(), entry.Lattice!);
        var column = checked((int)(((lattice.Rows - 1) * lattice.RowStep + 1) * size));
        var distance = checked((int)(lattice.ColumnStep * size));
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
                    Scatter<ushort>(bytes, matrix, lattice, first, columns);
                    break;
                case 4:
                    Scatter<uint>(bytes, matrix, lattice, first, columns);
                    break;
                default:
                    Scatter<ulong>(bytes, matrix, lattice, first, columns);
                    break;
            }
        }

        return matrix;
    }

    private static void Scatter<T>(ReadOnlySpan<byte> bytes, Span<byte> matrix, TensorLattice lattice, int first, int columns)
        where T : unmanaged
    {
        var from = MemoryMarshal.Cast<byte, T>(bytes);
        var to = MemoryMarshal.Cast<byte, T>(matrix);
        for (var row = 0; row < lattice.Rows; row++)
            for (var column = 0; column < columns; column++)
                to[(int)(row * lattice.Columns) + first + column] = from[(int)(column * lattice.ColumnStep + row * lattice.RowStep)];
    }
}
