using System.Runtime.InteropServices;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>The tensors of a quantised folder, read whole and checked against the shapes that they must have.</summary>
/// <param name="folder">The folder, for errors.</param>
/// <param name="files">Its files, open as long as tensors are read.</param>
internal sealed class QuantizedFiles(string folder, ShardedFiles files)
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    /// <summary>The tensors that nothing has asked for.</summary>
    public IEnumerable<string> Left => files.Entries.Keys.Where(name => !_taken.Contains(name) && !HarmlessTensors.Contains(name));

    public bool Has(string name) => files.Entries.ContainsKey(name);

    /// <summary>A tensor's type and shape, which thereby counts as asked for.</summary>
    /// <exception cref="EspalierException">There is none.</exception>
    public TensorEntry Entry(string name)
    {
        if (!files.Entries.TryGetValue(name, out var entry))
            throw new EspalierException($"{folder}: has no tensor '{name}', which a quantised weight needs");
        _taken.Add(name);
        return entry;
    }

    /// <summary>Lets go of a tensor that is not needed to read weights.</summary>
    public void Pass(string name) => _taken.Add(name);

    /// <summary>Numbers of F32, F16 or BF16.</summary>
    public float[] Floats(string name, params long[] shape)
    {
        Checked(name, shape);
        return files.FileOf(name).ReadFloat32(name);
    }

    /// <summary>Bytes of U8 or I8, or of a float of 8 bits.</summary>
    public byte[] Bytes(string name, params long[] shape)
    {
        if (Checked(name, shape).Type.Bits() != 8)
            throw Wrong(name, "one byte per number was expected");
        return files.FileOf(name).ReadBytes(name);
    }

    /// <summary>Numbers of I32 or U32, as their bits.</summary>
    public uint[] Words(string name, params long[] shape)
    {
        if (Checked(name, shape).Type is not (ElementType.I32 or ElementType.U32))
            throw Wrong(name, "I32 was expected");
        return MemoryMarshal.Cast<byte, uint>(files.FileOf(name).ReadBytes(name)).ToArray();
    }

    /// <summary>Scales that are powers of two, E8M0, a byte each (U8 or F8_E8M0).</summary>
    /// <exception cref="EspalierException">It has another type or shape, or a byte that stands for no number.</exception>
    public double[] PowersOfTwo(string name, params long[] shape)
    {
        if (Checked(name, shape).Type is not (ElementType.U8 or ElementType.F8_E8M0))
            throw Wrong(name, "U8 was expected");
        var bytes = files.FileOf(name).ReadBytes(name);
        return Array.IndexOf(bytes, byte.MaxValue) is >= 0 and var at ? throw NoNumber(name, at) : [.. bytes.Select(Float4.Scale)];
    }

    /// <summary>The bytes of one entry of a tensor's first axis.</summary>
    public byte[] Slice(string name, long index, params long[] shape)
    {
        var entry = Checked(name, shape);
        if (entry.Type != ElementType.U8)
            throw Wrong(name, "U8 was expected");
        var bytes = new byte[entry.ByteLength / shape[0]];
        files.FileOf(name).Read(entry, index * bytes.Length, bytes);
        return bytes;
    }

    /// <summary>Numbers of F32, F16 or BF16 of a parameter that is fused with others, or lies transposed.</summary>
    public float[] Floats(StoredTensor tensor, NamedParameter part)
    {
        Checked(tensor.Name, tensor.Shape);
        var file = files.FileOf(tensor.Name);
        return file.ReadFloat32(FusedParts.Of(files.Entries[tensor.Name], tensor).First(entry => entry.Name == part.Name));
    }

    /// <summary>Says that a scale stands for no number.</summary>
    public EspalierException NoNumber(string name, long at) => new(
        $"{folder}: '{name}': scale {at} is {byte.MaxValue}, which encodes no number; the folder is damaged, use another copy");

    /// <summary>Says that a field of <c>quantization_config</c> and a tensor cannot both be right.</summary>
    /// <param name="where">The object that has the field.</param>
    /// <param name="field">The field.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="found">What it is instead, such as <c>has groups of 16 inputs</c>.</param>
    public EspalierException Contradiction(ConfigFields where, string field, string name, string found) =>
        where.Wrong(field, $"{folder}: '{name}' {found}: one of the two is wrong");

    private TensorEntry Checked(string name, long[] shape)
    {
        var entry = Entry(name);
        return shape.Length == 0 || entry.Shape.AsSpan().SequenceEqual(shape) ? entry
            : throw Wrong(name, $"{SafetensorsHeader.Text(shape)} was expected from config.json");
    }

    /// <summary>Says what a tensor is, and what was expected of it.</summary>
    public EspalierException Wrong(string name, string expected) =>
        new($"{folder}: '{name}' is {files.Entries[name].Type.Name()} {SafetensorsHeader.Text(files.Entries[name].Shape)}, {expected}");
}
