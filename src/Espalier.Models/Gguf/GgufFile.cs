using System.Buffers;
using System.Numerics;

namespace Espalier.Models.Gguf;

/// <summary>
/// A GGUF file opened for reading: its metadata and tensors of the types that <see cref="GgufType"/> names. The head is
/// checked whole (counts, lengths, types, shapes, alignment, overlaps, file size) before any weight is read.
/// </summary>
internal sealed class GgufFile : IDisposable
{
    // Of a tensor, at once.
    private const long MostBytesRead = 1 << 20;

    private readonly FileStream _stream;
    private readonly Dictionary<string, GgufTensor> _byName;

    private GgufFile(string path, FileStream stream, GgufMetadata metadata, IReadOnlyList<GgufTensor> tensors, long dataStart)
    {
        Path = path;
        this._stream = stream;
        Metadata = metadata;
        Tensors = tensors;
        DataStart = dataStart;
        _byName = tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>Keys and values in file order.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors in file order.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>The byte of the file that <see cref="GgufTensor.Offset"/> counts from.</summary>
    public long DataStart { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="EspalierException">It is missing, or not a GGUF file that this reader can trust.</exception>
    public static GgufFile Open(string path)
    {
        if (!File.Exists(path))
            throw new EspalierException($"{path}: {(Directory.Exists(path) ? "is a folder; give the GGUF file in it" : "not found")}");
        var stream = ReadableFile.Open(path, bufferSize: 1 << 16);
        try
        {
            var (metadata, tensors, dataStart) = ReadHead(new GgufCursor(stream, path), stream.Length);
            return new(path, stream, metadata, tensors, dataStart);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of this name.</summary>
    /// <exception cref="EspalierException">There is none.</exception>
    public GgufTensor this[string name]
        => _byName.TryGetValue(name, out var tensor) ? tensor : throw new EspalierException($"{Path}: has no tensor '{name}'");

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>All weights of a tensor in row order, widened to float32.</summary>
    public float[] ReadFloat32(string name)
    {
        var tensor = ReadableAtOnce(name);
        var weights = new float[tensor.Elements];
        for (var r = 0L; r < tensor.Rows; r++)
            ReadRows(tensor, r, weights.AsSpan((int)(r * tensor.Width), (int)tensor.Width));
        return weights;
    }

    /// <summary>Whether two tensors are stored as the same bytes.</summary>
    public bool AreSame(GgufTensor one, GgufTensor other)
    {
        if (one.Type != other.Type || !one.Shape.SequenceEqual(other.Shape))
            return false;
        byte[] first = new byte[Math.Min(one.Bytes, 1 << 20)], second = new byte[first.Length];
        for (var at = 0L; at < one.Bytes; at += first.Length)
        {
            var count = (int)Math.Min(first.Length, one.Bytes - at);
            ReadExactly(DataStart + one.Offset + at, first.AsSpan(0, count));
            ReadExactly(DataStart + other.Offset + at, second.AsSpan(0, count));
            if (!first.AsSpan(0, count).SequenceEqual(second.AsSpan(0, count)))
                return false;
        }

        return true;
    }

    /// <summary>Some rows of a tensor, widened to float32.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="firstRow">The first of them.</param>
    /// <param name="destination">Receives whole rows.</param>
    public void ReadRows(GgufTensor tensor, long firstRow, Span<float> destination)
    {
        var rowBytes = tensor.Type.RowBytes(tensor.Width);
        if (rowBytes > Array.MaxLength)
            throw new EspalierException($"{Path}: tensor '{tensor.Name}' has rows of {tensor.Width} weights, too large to be read at once");
        var width = (int)tensor.Width;
        var rows = destination.Length / width;
        // Some rows at once: of a large vocabulary all have more bytes than an array.
        var together = (int)Math.Clamp(MostBytesRead / Math.Max(1, rowBytes), 1, Math.Max(1, rows));
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Max(together * rowBytes, 1));
        try
        {
            for (var row = 0; row < rows; row += together)
            {
                var count = Math.Min(together, rows - row);
                var bytes = buffer.AsSpan(0, (int)(count * rowBytes));
                ReadExactly(DataStart + tensor.Offset + (firstRow + row) * rowBytes, bytes);
                GgufEncoding.Decode(tensor.Type, bytes, destination.Slice(row * width, count * width));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>Refuses a head that <see cref="Open"/> would refuse in a file of <paramref name="fileLength"/> bytes.</summary>
    internal static void Check(byte[] head, string path, long fileLength)
    {
        using var stream = new MemoryStream(head, writable: false);
        ReadHead(new GgufCursor(stream, path), fileLength);
    }

    private static (GgufMetadata, List<GgufTensor>, long DataStart) ReadHead(GgufCursor cursor, long fileLength)
    {
        if (fileLength < 4 || cursor.ReadUInt32("the magic number") != 0x46554747)
            throw cursor.Refuse("not a GGUF file: it does not begin with 'GGUF'");
        if (cursor.ReadUInt32("the version") is var version && version != GgufLayout.Version)
            throw cursor.Refuse($"GGUF version {version}; version {GgufLayout.Version} is supported");
        var tensorCount = cursor.ReadCount("the number of tensors", 24);
        var keyCount = cursor.ReadCount("the number of metadata keys", 13);

        var metadata = new GgufMetadata();
        for (var i = 0L; i < keyCount; i++)
        {
            var key = cursor.ReadString("a metadata key");
            if (metadata.Contains(key))
                throw cursor.Refuse($"metadata key '{key}' appears twice");
            metadata.Add(key, cursor.ReadValue((GgufValueType)cursor.ReadUInt32($"the type of '{key}'"), $"'{key}'"));
        }

        var alignment = metadata.Contains("general.alignment") ? metadata.Get<uint>("general.alignment") : GgufLayout.Alignment;
        if (alignment > 1 << 20 || !BitOperations.IsPow2(alignment))
            throw cursor.Refuse($"general.alignment is {alignment}; it must be a power of two");

        var tensors = new List<GgufTensor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0L; i < tensorCount; i++)
        {
            var tensor = ReadTensor(cursor);
            if (!names.Add(tensor.Name))
                throw cursor.Refuse($"tensor '{tensor.Name}' appears twice");
            tensors.Add(tensor);
        }

        var dataStart = (cursor.Position + alignment - 1) / alignment * alignment;
        CheckPlaces(cursor, tensors, alignment, dataStart, fileLength);
        return (metadata, tensors, dataStart);
    }

    private static GgufTensor ReadTensor(GgufCursor cursor)
    {
        var name = cursor.ReadString("a tensor's name");
        var dimensions = cursor.ReadUInt32($"the number of dimensions of '{name}'");
        if (dimensions is < 1 or > 4)
            throw cursor.Refuse($"tensor '{name}' has {dimensions} dimensions; it must have 1 to 4");
        var shape = new long[dimensions];
        var elements = 1L;
        for (var d = dimensions; d-- > 0;)
        {
            var size = cursor.ReadUInt64($"the shape of '{name}'");
            if (size is 0 or > int.MaxValue || elements > Array.MaxLength * 16L / (long)size)
                throw cursor.Refuse($"tensor '{name}' has a dimension of {size}, which is empty or too large");
            shape[d] = (long)size;
            elements *= shape[d];
        }
        var type = (GgufType)cursor.ReadUInt32($"the type of '{name}'");
        if (!GgufTypes.All.Contains(type))
            throw cursor.Refuse($"tensor '{name}' has ggml type {(int)type}; {string.Join(", ", GgufTypes.All)} are supported");
        if (shape[^1] % type.BlockSize() != 0)
            throw cursor.Refuse($"tensor '{name}' has rows of {shape[^1]}, not a multiple of {type}'s block of {type.BlockSize()}");
        var offset = cursor.ReadUInt64($"the offset of '{name}'");
        if (offset > long.MaxValue / 2)
            throw cursor.Refuse($"tensor '{name}' begins at {offset}, outside the file");
        return new(name, type, shape, (long)offset);
    }

    private static void CheckPlaces(GgufCursor cursor, List<GgufTensor> tensors, long alignment, long dataStart, long fileLength)
    {
        GgufTensor? before = null;
        var end = dataStart;
        foreach (var tensor in tensors.OrderBy(t => t.Offset))
        {
            if (tensor.Offset % alignment != 0)
                throw cursor.Refuse($"tensor '{tensor.Name}' begins at {tensor.Offset}, not a multiple of {alignment}");
            end = dataStart + tensor.Offset + tensor.Bytes;
            if (end > fileLength)
                throw cursor.Refuse(
                    $"tensor '{tensor.Name}' ends at byte {end}, but the file has {fileLength} bytes; {GgufCursor.CutOff}");
            if (before is not null && before.Offset + before.Bytes > tensor.Offset)
                throw cursor.Refuse($"tensors '{before.Name}' and '{tensor.Name}' overlap at {tensor.Offset}");
            before = tensor;
        }
        // Writers fill the last tensor up to the alignment, or leave that out.
        if (fileLength > (end + alignment - 1) / alignment * alignment)
            throw cursor.Refuse($"the tensors end at byte {end}, but the file has {fileLength} bytes: the rest belongs to no tensor; "
                + $"copy or download the file again, or cut it there");
    }

    private GgufTensor ReadableAtOnce(string name)
    {
        var tensor = this[name];
        return tensor.Elements <= Array.MaxLength ? tensor
            : throw new EspalierException($"{Path}: tensor '{name}' of {tensor.Elements} weights is too large to read at once");
    }

    private void ReadExactly(long position, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(_stream.SafeFileHandle, destination, position);
            if (read == 0)
                throw new EspalierException($"{Path}: ended at byte {position} while it was read; has it changed?");
            destination = destination[read..];
            position += read;
        }
    }
}
