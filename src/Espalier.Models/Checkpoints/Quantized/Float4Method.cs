using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>
/// Weights as floats of 4 bits, two to a byte along the inputs, with scales of groups of inputs: MXFP4 (powers of two for 32 inputs) as
/// compressed-tensors stores it, and NVFP4 (floats of 8 bits for 16 inputs, and one float for the matrix) as compressed-tensors and
/// ModelOpt do.
/// </summary>
internal sealed class Float4Method : QuantizedMethod
{
    /// <summary>compressed-tensors' names of the two formats.</summary>
    public const string Microscaled = "mxfp4-pack-quantized", OfNvidia = "nvfp4-pack-quantized";

    /// <summary>ModelOpt's name of NVFP4.</summary>
    public const string OfModelOpt = "NVFP4";

    private const int NvidiasGroup = 16;

    private readonly string _packed;
    private readonly string? _whole;
    private readonly bool _divides;

    private Float4Method(string packed, string? whole, bool divides) => (_packed, _whole, _divides) = (packed, whole, divides);

    /// <summary>The method of one of compressed-tensors' formats.</summary>
    /// <exception cref="EspalierException">Its groups of layers say other bits or groups of inputs than the format has.</exception>
    public static Float4Method OfFormat(string format, IEnumerable<ConfigFields> weights)
    {
        var group = format == Microscaled ? Float4.Group : NvidiasGroup;
        foreach (var weight in weights)
            if (weight.OptionalInt("num_bits") is not (null or 4))
                throw weight.Wrong("num_bits", $"{format} has 4");
            else if (weight.OptionalInt("group_size") is { } given && given != group)
                throw weight.Wrong("group_size", $"{format} has groups of {group}");
        // What compressed-tensors keeps of the matrix is what its scales were multiplied by.
        return format == Microscaled ? new("weight_packed", null, false) : new("weight_packed", "weight_global_scale", true);
    }

    /// <summary>The method of ModelOpt's NVFP4.</summary>
    /// <exception cref="EspalierException">Its groups are of another size.</exception>
    public static Float4Method FromModelOpt(ConfigFields quantization)
    {
        if (quantization.OptionalInt("group_size") is { } group && group != NvidiasGroup)
            throw quantization.Wrong("group_size", $"only NVFP4 with groups of {NvidiasGroup} is supported");
        return new("weight", "weight_scale_2", false);
    }

    public override bool IsExactInBfloat16 => _whole is null;

    public override bool Marks(string name, ElementType type) => name.EndsWith($".{_packed}", StringComparison.Ordinal) && !type.IsWeight();

    public override float[]? Read(QuantizedFiles files, string module, int rows, int columns)
    {
        var name = $"{module}.{_packed}";
        if (!files.Has(name) || files.Entry(name).Type.IsWeight())
            return null;
        var group = _whole is null ? Float4.Group : NvidiasGroup;
        if (columns % group != 0)
            throw new EspalierException($"'{name}' belongs to a matrix of {columns} inputs, which is not a multiple of the group size "
                + $"{group}");
        var bytes = files.Bytes(name, rows, columns / 2);
        var scales = Scales(files, module, rows, columns / group);
        foreach (var passed in (string[])["input_scale", "input_global_scale", "weight_shape"])
            files.Pass($"{module}.{passed}");
        PassCacheScales(files, module);
        var weights = new float[(long)rows * columns];
        for (var row = 0; row < rows; row++)
            Float4.Decode(bytes.AsSpan(row * (columns / 2), columns / 2), scales.AsSpan(row * (columns / group), columns / group), group,
                weights.AsSpan(row * columns, columns));
        return weights;
    }

    private double[] Scales(QuantizedFiles files, string module, int rows, int groups)
    {
        var name = $"{module}.weight_scale";
        if (_whole is null)
            return files.PowersOfTwo(name, rows, groups);
        if (files.Entry(name).Type != ElementType.F8_E4M3)
            throw files.Wrong(name, "F8_E4M3 was expected");
        var whole = files.Floats($"{module}.{_whole}") is [var one] ? one
            : throw files.Wrong($"{module}.{_whole}", "one number was expected");
        // Zero divides to what is not finite, which the importer would lay at the weights.
        if (!float.IsFinite(whole) || whole <= 0)
            throw files.Wrong($"{module}.{_whole}", $"a number above 0 was expected, not {whole}");
        return [.. files.Bytes(name, rows, groups).Select(bits => Float8.Value(ElementType.F8_E4M3, bits))
            .Select(scale => (double)(_divides ? scale / whole : scale * whole))];
    }
}
