using System.Runtime.InteropServices;
using Espalier.Models.Checkpoints.Elements;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Models.Checkpoints.Safetensors;

/// <summary>
/// A safetensors file: opening it reads the header alone, and a tensor's bytes are read when they are asked for, at their place in the
/// file. It is not mapped into memory, so that what was read once does not count as this process's memory, and a file that someone shortens
/// is an error and not the end of the process. Reading is safe from several threads.
/// </summary>
internal sealed class SafetensorsFile : IDisposable
{
    private const int ChunkBytes = 1 << 16;
    private const int FloatsAtOnce = 1 << 26;

    private readonly SafetensorsHeader _header;
    private readonly FileStream _stream;
    private readonly LatticeReader _lattices = new();

    private SafetensorsFile(string path, SafetensorsHeader header, FileStream stream)
    {
        Path = path;
        this._header = header;
        this._stream = stream;
        Length = stream.Length;
    }

    public string Path { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>The open file, for asking the system which one it is. This object disposes it.</summary>
    public SafeFileHandle Handle => _stream.SafeFileHandle;

    /// <summary>Where the bytes that are read are hashed on the way, or null.</summary>
    internal TensorDigests? Digests { get; set; }

    /// <summary>The tensors by name, in the order of their bytes.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Entries => _header.Entries;

    /// <summary>The free text pairs of the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="EspalierException">The file is missing, unreadable, or not what the format allows.</exception>
    public static SafetensorsFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            // Asked before opening: a pipe or a device has no length, and opening it could wait for ever.
            SafetensorsHeader.ReadLength(new byte[8], RealPath.LengthOf(path), path);
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            Span<byte> first = stackalloc byte[ForeignFile.Start];
            var read = stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
            if (ForeignFile.Explain(first[..read]) is { } foreign)
                throw new EspalierException($"{path}: {foreign}");
            var json = new byte[SafetensorsHeader.ReadLength(first[..Math.Min(read, 8)], stream.Length, path)];
            stream.Position = 8;
            stream.ReadExactly(json);
            return new(path, SafetensorsHeader.Parse(json, stream.Length, path), stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new EspalierException($"{path}: cannot be read: {e.Message}", e);
        }
        catch
        {
            stream?.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="EspalierException">The file has none.</exception>
    public TensorEntry Entry(string name) => Entries.TryGetValue(name, out var entry)
        ? entry
        : throw new EspalierException($"{Path}: has no tensor '{name}' among its {Entries.Count}");

    /// <summary>Copies stored bytes of a tensor, from <paramref name="byteOffset"/> within it.</summary>
    public void Read(TensorEntry entry, long byteOffset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, entry.ByteLength - byteOffset);
        try
        {
            if (entry.Lattice is not null)
            {
                _lattices.Read(entry, byteOffset, destination, (offset, bytes) => ReadAt(entry, offset, bytes));
                return;
            }

            var (piece, distance) = entry.Pieces is { } pieces ? (pieces.Bytes, pieces.Distance) : (entry.ByteLength, 0);
            for (var done = 0; done < destination.Length;)
            {
                var (number, within) = Math.DivRem(byteOffset + done, Math.Max(1, piece));
                var count = (int)Math.Min(piece - within, destination.Length - done);
                ReadAt(entry, entry.Offset + number * distance + within, destination.Slice(done, count));
                done += count;
            }
            Digests?.Take(entry, byteOffset, destination);
        }
        catch (IOException e)
        {
            throw new EspalierException($"{Path}: '{entry.Name}' cannot be read: {e.Message}", e);
        }
    }

    private void ReadAt(TensorEntry entry, long offset, Span<byte> destination)
    {
        if (ReadableFile.ReadFully(_stream.SafeFileHandle, destination, offset) is var done && done < destination.Length)
            throw new EspalierException(
                $"{Path}: had {Length} bytes when it was opened but now ends at {offset + done}, inside '{entry.Name}'; it was "
                    + "shortened in the meantime, use another copy");
    }

    /// <summary>All stored bytes of a tensor below 2 GiB.</summary>
    /// <exception cref="EspalierException">It is larger, or there is none of that name.</exception>
    public byte[] ReadBytes(string name)
    {
        var entry = Entry(name);
        var bytes = new byte[RoomFor(entry, entry.ByteLength)];
        Read(entry, 0, bytes);
        return bytes;
    }

    /// <summary>Copies elements of a tensor as floats: F32 as they are, F16 and BF16 widened exactly, F64 rounded.</summary>
    /// <param name="entry">A tensor of this file.</param>
    /// <param name="firstElement">Index of the first element, row-major over the whole tensor.</param>
    /// <param name="destination">The span to fill with elements.</param>
    public void ReadFloat32(TensorEntry entry, long firstElement, Span<float> destination)
    {
        if (!entry.Type.IsWeight())
            throw new EspalierException($"{Path}: tensor '{entry.Name}' is {entry.Type.Name()}, which cannot be read as floats");
        if (entry.Type == ElementType.F32)
        {
            // Piece by piece: a span of bytes is no longer than 2 GiB.
            for (; destination.Length > FloatsAtOnce; destination = destination[FloatsAtOnce..], firstElement += FloatsAtOnce)
                Read(entry, firstElement * 4, MemoryMarshal.AsBytes(destination[..FloatsAtOnce]));
            Read(entry, firstElement * 4, MemoryMarshal.AsBytes(destination));
            return;
        }

        var size = entry.Type.Bytes();
        Span<byte> chunk = stackalloc byte[Math.Min(ChunkBytes, Math.Max(destination.Length, 1) * size)];
        for (var done = 0; done < destination.Length;)
        {
            var count = Math.Min(chunk.Length / size, destination.Length - done);
            Read(entry, (firstElement + done) * size, chunk[..(count * size)]);
            ElementConversion.ToFloat32(entry.Type, chunk[..(count * size)], destination.Slice(done, count));
            done += count;
        }
    }

    /// <summary>All elements of a tensor as floats, of which there are less than 2³¹.</summary>
    /// <exception cref="EspalierException">There are more, or there is none of that name.</exception>
    public float[] ReadFloat32(string name) => ReadFloat32(Entry(name));

    /// <summary>The same of a range of a tensor's bytes that is a tensor itself.</summary>
    internal float[] ReadFloat32(TensorEntry entry)
    {
        var values = new float[RoomFor(entry, entry.Elements)];
        ReadFloat32(entry, 0, values);
        return values;
    }

    private int RoomFor(TensorEntry entry, long count) => count <= Array.MaxLength
        ? (int)count
        : throw new EspalierException(
            $"{Path}: '{entry.Name}' is too large to read at once, {entry.ByteLength} bytes; read it in pieces");

    public void Dispose() => _stream.Dispose();
}
