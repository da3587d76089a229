using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>
/// MXFP4 as GPT-OSS stores its experts: <c>NAME_blocks</c>, [experts, outputs, inputs / 32, 16] of bytes with two floats of 4 bits each,
/// the first in the lower half, and <c>NAME_scales</c>, [experts, outputs, inputs / 32], powers of two. Where an expert has a gate, its
/// outputs and those of the up projection take turns. Other tensors are as they are.
/// </summary>
internal sealed class Mxfp4Method : QuantizedMethod
{
    /// <summary>The method of a <c>quantization_config</c>.</summary>
    /// <exception cref="EspalierException">It says other bits or groups than MXFP4 has.</exception>
    public static Mxfp4Method From(ConfigFields quantization)
    {
        if (quantization.OptionalInt("bits") is not (null or 4))
            throw quantization.Wrong("bits", "MXFP4 has 4");
        if (quantization.OptionalInt("group_size") is { } group && group != Float4.Group)
            throw quantization.Wrong("group_size", $"MXFP4 has groups of {Float4.Group}");
        return new();
    }

    public override bool IsExactInBfloat16 => true;

    public override bool Marks(string name, ElementType type) => name.EndsWith("_blocks", StringComparison.Ordinal);

    public override float[]? Read(QuantizedFiles files, string module, int rows, int columns) => null;

    public override float[]? ReadExpert(QuantizedFiles files, StoredTensor tensor, NamedParameter part)
    {
        var name = $"{tensor.Name}_blocks";
        if (part.Shape is not [var rows, var columns] || !files.Has(name))
            return null;
        if (columns % Float4.Group != 0)
            throw new EspalierException($"'{name}' belongs to matrices of {columns} inputs, which is not a multiple of the group size "
                + $"{Float4.Group}");
        var (experts, groups) = (tensor.Shape[0], columns / Float4.Group);
        var outputs = tensor.OfExpert / columns;
        var bytes = files.Slice(name, part.Parameter.Expert, experts, outputs, groups, Float4.Group / 2);
        var scales = files.Slice($"{tensor.Name}_scales", part.Parameter.Expert, experts, outputs, groups);
        var (weights, powers) = (new float[rows * columns], new double[groups]);
        var place = tensor.PlaceOf(part);
        var first = place.First % tensor.OfExpert;
        for (var row = 0L; row < rows; row++)
        {
            // Outputs lie as the columns of the transposed matrix do.
            var output = first + row * place.RowStep;
            for (var group = 0L; group < groups; group++)
                powers[group] = Float4.Scale(scales[output * groups + group]) is var power && double.IsFinite(power) ? power
                    : throw files.NoNumber($"{tensor.Name}_scales", (part.Parameter.Expert * outputs + output) * groups + group);
            Float4.Decode(bytes.AsSpan((int)(output * columns / 2), (int)columns / 2), powers, Float4.Group,
                weights.AsSpan((int)(row * columns), (int)columns));
        }

        return weights;
    }
}
