using System.Buffers.Binary;

namespace Espalier.Models.Checkpoints.Safetensors;

/// <summary>The header of a safetensors file, checked completely before anything is allocated for the tensors.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The reference implementation refuses longer headers too.</summary>
    public const long MaxLength = 100_000_000;

    private const string MetadataKey = "__metadata__";

    private SafetensorsHeader(Dictionary<string, TensorEntry> entries, Dictionary<string, string> metadata)
    {
        Entries = entries;
        Metadata = metadata;
    }

    /// <summary>The tensors by name, in the order of their bytes.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Entries { get; }

    /// <summary>The free text pairs of <c>__metadata__</c>; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads the length of the header, the first eight bytes, and checks it against the file's.</summary>
    internal static int ReadLength(ReadOnlySpan<byte> firstBytes, long fileLength, string file)
    {
        if (fileLength < 8 || firstBytes.Length < 8)
            throw new EspalierException($"{file}: truncated: it has {fileLength} bytes, but a safetensors file has at least 8");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(firstBytes);
        if (length > MaxLength)
            throw new EspalierException($"{file}: the header claims {length} bytes, more than the limit of {MaxLength}; is this a "
                + "safetensors file?");
        if ((long)length > fileLength - 8)
            throw new EspalierException(
                $"{file}: truncated: the header claims {length} bytes, but the file has {fileLength - 8} after its first 8; download it "
                    + "again");
        return (int)length;
    }

    /// <summary>Reads and checks a header.</summary>
    /// <param name="json">The header's bytes, without the eight of its length.</param>
    /// <param name="fileLength">Bytes of the whole file.</param>
    /// <param name="file">Name of the file, for errors.</param>
    /// <exception cref="EspalierException">The header is not what the format allows.</exception>
    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> json, long fileLength, string file)
    {
        if (json.Length == 0 || json.Span[0] != (byte)'{')
            throw new EspalierException($"{file}: the header of {json.Length} bytes does not start with '{{'; is this a safetensors file?");

        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            return Parse(document.RootElement, 8L + json.Length, fileLength, file);
        }
        catch (Exception error) when (JsonFile.IsNoJson(error))
        {
            throw JsonFile.Wrong($"{file}: the header", error);
        }
    }

    private static SafetensorsHeader Parse(JsonElement root, long dataStart, long fileLength, string file)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var entries = new List<TensorEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in root.EnumerateObject())
        {
            if (!names.Add(field.Name))
                throw new EspalierException($"{file}: '{field.Name}' appears twice in the header");
            if (field.Name == MetadataKey)
                ReadMetadata(field.Value, metadata, file);
            else
                entries.Add(ReadEntry(field, dataStart, fileLength, file));
        }

        CheckRanges(entries, dataStart, fileLength, file);
        return new(entries.ToDictionary(static entry => entry.Name, StringComparer.Ordinal), metadata);
    }

    private static void ReadMetadata(JsonElement element, Dictionary<string, string> metadata, string file)
    {
        if (element.ValueKind == JsonValueKind.Null)
            return;
        if (element.ValueKind != JsonValueKind.Object)
            throw new EspalierException($"{file}: {MetadataKey} is {element.ValueKind}, it must be an object of strings");
        foreach (var pair in element.EnumerateObject())
        {
            if (pair.Value.ValueKind != JsonValueKind.String)
                throw new EspalierException($"{file}: {MetadataKey}.{pair.Name} is {pair.Value.ValueKind}, it must be a string");
            if (!metadata.TryAdd(pair.Name, pair.Value.GetString()!))
                throw new EspalierException($"{file}: {MetadataKey}.{pair.Name} appears twice");
        }
    }

    private static TensorEntry ReadEntry(JsonProperty field, long dataStart, long fileLength, string file)
    {
        var where = $"{file}: tensor '{field.Name}'";
        if (field.Value.ValueKind != JsonValueKind.Object)
            throw new EspalierException($"{where} is {field.Value.ValueKind}, it must be an object with dtype, shape and data_offsets");

        ElementType? type = null;
        long[]? shape = null, offsets = null;
        foreach (var property in field.Value.EnumerateObject())
        {
            var seen = property.Name switch
            {
                "dtype" => type is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => throw new EspalierException(
                    $"{where} has an unknown field '{property.Name}'; known: dtype, shape and data_offsets"),
            };
            if (seen)
                throw new EspalierException($"{where}: {property.Name} appears twice");
            if (property.Name == "dtype")
                type = ReadType(property.Value, where);
            else if (property.Name == "shape")
                shape = ReadNumbers(property.Value, where, "shape");
            else
                offsets = ReadNumbers(property.Value, where, "data_offsets");
        }

        if (type is null || shape is null || offsets is null)
            throw new EspalierException($"{where} lacks {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        if (offsets.Length != 2)
            throw new EspalierException($"{where}: data_offsets has {offsets.Length} numbers, it must have 2");
        return Check(field.Name, type.Value, shape, offsets[0], offsets[1], dataStart, fileLength, where);
    }

    private static ElementType ReadType(JsonElement element, string where)
    {
        if (element.ValueKind != JsonValueKind.String)
            throw new EspalierException($"{where}: dtype is {element.ValueKind}, it must be a string");
        var name = element.GetString()!;
        return ElementTypes.TryParse(name, out var type)
            ? type
            : throw new EspalierException($"{where}: dtype '{name}' is unknown; known: {ElementTypes.Known}");
    }

    private static long[] ReadNumbers(JsonElement element, string where, string field)
    {
        if (element.ValueKind != JsonValueKind.Array)
            throw new EspalierException($"{where}: {field} is {element.ValueKind}, it must be an array of whole numbers");
        var numbers = new long[element.GetArrayLength()];
        var index = 0;
        foreach (var item in element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out var number) || number < 0)
                throw new EspalierException(
                    $"{where}: {field}[{index}] is {item.GetRawText()}, it must be a whole number from 0 to {long.MaxValue}");
            numbers[index++] = number;
        }

        return numbers;
    }

    private static TensorEntry Check(
        string name, ElementType type, long[] shape, long begin, long end, long dataStart, long fileLength, string where)
    {
        var dataLength = fileLength - dataStart;
        if (begin > end || end > dataLength)
            throw new EspalierException($"{where}: data_offsets [{begin}, {end}] are outside the {dataLength} bytes of data");

        UInt128 bits = (UInt128)type.Bits();
        try
        {
            foreach (var size in shape)
                bits = checked(bits * (UInt128)size);
        }
        catch (OverflowException e)
        {
            throw new EspalierException($"{where}: shape {Text(shape)} has more elements than can be counted", e);
        }

        if (bits % 8 != 0)
            throw new EspalierException($"{where}: shape {Text(shape)} of {type.Name()} is {bits} bits, not a whole number of bytes");
        if (bits / 8 != (UInt128)(end - begin))
            throw new EspalierException(
                $"{where}: shape {Text(shape)} of {type.Name()} needs {bits / 8} bytes, but data_offsets [{begin}, {end}] span "
                    + $"{end - begin}");
        return new(name, type, shape, dataStart + begin, end - begin);
    }

    private static void CheckRanges(List<TensorEntry> entries, long dataStart, long fileLength, string file)
    {
        entries.Sort(static (a, b) =>
            a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset)
            : a.ByteLength != b.ByteLength ? a.ByteLength.CompareTo(b.ByteLength)
            : string.CompareOrdinal(a.Name, b.Name));
        var end = dataStart;
        var before = "the header";
        foreach (var entry in entries)
        {
            if (entry.Offset < end)
                throw new EspalierException(
                    $"{file}: tensor '{entry.Name}' starts at {entry.Offset - dataStart} "
                        + $"inside '{before}', which ends at {end - dataStart}");
            if (entry.Offset > end)
                throw new EspalierException(
                    $"{file}: tensor '{entry.Name}' starts at {entry.Offset - dataStart}, which "
                        + $"leaves a hole after '{before}', which ends at {end - dataStart}");
            end = entry.Offset + entry.ByteLength;
            before = entry.Name;
        }

        if (end != fileLength)
            throw new EspalierException(
                $"{file}: the tensors end at byte {end} but the file ends at {fileLength}: {fileLength - end} bytes belong to no tensor");
    }

    /// <summary>A shape as it is written in messages: <c>[128, 48]</c>.</summary>
    internal static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
