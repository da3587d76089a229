using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>
/// compressed-tensors, as llm-compressor stores models: <c>pack-quantized</c> (whole numbers in words of 32 bits), <c>int-quantized</c> (a
/// byte each) and <c>float-quantized</c> (floats of 8 bits), each with scales of groups of inputs, of outputs or of the matrix.
/// </summary>
/// <param name="quantization">What says how, for errors.</param>
/// <param name="weights">What it says of weights, a group of layers each.</param>
/// <param name="bits">Bits of a packed number.</param>
/// <param name="floats">How floats of 8 bits are read.</param>
internal sealed class CompressedTensorsMethod(ConfigFields quantization, ConfigFields[] weights, int bits, Float8Method floats)
    : QuantizedMethod
{
    private static readonly string[] s_formats =
    [
        "pack-quantized", "int-quantized", "float-quantized", "naive-quantized", Float4Method.Microscaled, Float4Method.OfNvidia,
    ];

    /// <summary>The method of a <c>quantization_config</c>.</summary>
    /// <exception cref="EspalierException">The format is another, or groups of layers have different bits.</exception>
    public static QuantizedMethod From(ConfigFields quantization)
    {
        if (quantization.Text("format") is not { } format || !s_formats.Contains(format))
            throw quantization.Wrong("format", $"supported compressed-tensors formats: {string.Join(", ", s_formats)}");
        var groups = quantization.Object("config_groups");
        ConfigFields[] weights = groups is null ? []
            : [.. groups.Names.Select(name => groups.Object(name)?.Object("weights")).OfType<ConfigFields>()];
        if (format is Float4Method.Microscaled or Float4Method.OfNvidia)
            return Float4Method.OfFormat(format, weights);
        if (weights.Length == 0)
            throw quantization.Wrong("config_groups", "it must say how many bits weights have");
        var bits = weights.Select(weight => weight.Int("num_bits")).Distinct().ToArray();
        if (bits is not [2 or 4 or 8])
            throw quantization.Wrong("config_groups",
                $"weights have {string.Join(" and ", bits)} bits; 2, 4 or 8 are supported, the same in all layers");
        int[] block = weights[0].Says("block_structure") ? [.. weights[0].Ids("block_structure")] : [];
        return new CompressedTensorsMethod(quantization, weights, bits[0],
            block is [var rows, var columns] ? new(null, rows, columns) : new(null, 0, 0));
    }

    public override bool Marks(string name, ElementType type) => name.EndsWith(".weight_packed", StringComparison.Ordinal)
        || type == ElementType.I8 || Float8.Is(type);

    public override float[]? Read(QuantizedFiles files, string module, int rows, int columns)
    {
        var format = quantization.Text("format");
        if (files.Has($"{module}.weight_packed"))
            return format == "pack-quantized" ? Packed(files, module, rows, columns)
                : throw files.Contradiction(quantization, "format", $"{module}.weight_packed", "is packed");
        if (!files.Has($"{module}.weight"))
            return null;
        var type = files.Entry($"{module}.weight").Type;
        if (type == ElementType.I8 && format is not ("int-quantized" or "naive-quantized")
            || Float8.Is(type) && format is not ("float-quantized" or "naive-quantized"))
            throw files.Contradiction(quantization, "format", $"{module}.weight", $"is {type.Name()}");
        if (Float8.Is(type) && bits != 8)
            throw files.Contradiction(weights[0], "num_bits", $"{module}.weight", $"is {type.Name()}");
        if (type != ElementType.I8)
            return floats.Read(files, module, rows, columns);
        var bytes = files.Bytes($"{module}.weight", rows, columns);
        return Scaled(files, module, rows, columns, (row, column) => (sbyte)bytes[(long)row * columns + column],
            Zeros(files, module, rows, packed: false));
    }

    private float[] Packed(QuantizedFiles files, string module, int rows, int columns)
    {
        files.Pass($"{module}.weight_shape");
        var (each, offset, words) = (32 / bits, 1 << (bits - 1), PackedWords.Words(columns, bits));
        var packed = files.Words($"{module}.weight_packed", rows, words);
        return Scaled(files, module, rows, columns,
            (row, column) => PackedWords.At(packed[row * words + column / each], column % each, bits) - offset,
            Zeros(files, module, rows, packed: true));
    }

    /// <summary>The zero of an output's group: none, a byte each, or packed down the outputs.</summary>
    private Func<int, int, int, int> Zeros(QuantizedFiles files, string module, int rows, bool packed)
    {
        var name = $"{module}.weight_zero_point";
        if (!files.Has(name))
            return static (_, _, _) => 0;
        var groups = (int)(files.Entry(name).Shape is [_, var count] ? count : 1);
        if (files.Entry(name).Type == ElementType.I8)
        {
            var bytes = files.Bytes(name);
            return bytes.Length == 1 ? (_, _, _) => (sbyte)bytes[0]
                : bytes.Length == rows * groups ? (row, group, _) => (sbyte)bytes[row * groups + group]
                : throw new EspalierException($"'{name}' has {bytes.Length} numbers for {rows} outputs");
        }

        if (!packed)
            throw new EspalierException($"'{name}' is {files.Entry(name).Type.Name()}; I8 was expected");
        var words = files.Words(name, PackedWords.Words(rows, bits), groups);
        return (row, group, _) => PackedWords.At(words[row / (32 / bits) * groups + group], row % (32 / bits), bits) - (1 << (bits - 1));
    }

    private float[] Scaled(QuantizedFiles files, string module, int rows, int columns, Func<int, int, int> quant,
        Func<int, int, int, int> zero)
    {
        var name = $"{module}.weight_scale";
        var (shape, scales) = (files.Entry(name).Shape, files.Floats(name));
        var groups = shape is [_, var count] ? (int)count : 1;
        var whole = scales.Length == 1;
        if (!whole && (shape[0] != rows || groups < 1 || columns % groups != 0))
            throw new EspalierException(
                $"'{name}' is {SafetensorsHeader.Text(shape)}, which does not fit {rows} outputs and {columns} inputs");
        if (!whole)
            RequireGroups(files, name, columns / groups, columns);
        files.Pass($"{module}.input_scale");
        files.Pass($"{module}.input_zero_point");
        var order = files.Has($"{module}.weight_g_idx") ? files.Words($"{module}.weight_g_idx", columns) : null;
        var (weights, width) = (new float[(long)rows * columns], columns / groups);
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
            {
                var group = order is null ? column / width : (int)order[column];
                if ((uint)group >= (uint)groups)
                    throw new EspalierException($"'{module}.weight_g_idx': input {column} belongs to group {group}, but there are only "
                        + $"{groups}");
                weights[(long)row * columns + column] = scales[whole ? 0 : row * groups + group]
                    * (quant(row, column) - zero(row, group, groups));
            }

        return weights;
    }

    /// <summary>Refuses groups of inputs that none of the groups of layers has.</summary>
    private void RequireGroups(QuantizedFiles files, string scale, int width, int columns)
    {
        if (weights.All(Says) && !weights.Any(weight => Width(weight) == width))
            throw files.Contradiction(weights[0], "group_size", scale, $"implies groups of {width} inputs");

        static bool Says(ConfigFields weight) => weight.Text("strategy") is "group" && weight.OptionalDouble("group_size") is > 0;
        int Width(ConfigFields weight) => (int)Math.Min(weight.OptionalDouble("group_size")!.Value, columns);
    }
}
