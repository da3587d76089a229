using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>
/// AWQ (arXiv 2306.00978) as AutoAWQ's version <c>gemm</c> stores it: w = s · (q - z) with a scale and a zero for each output and group of
/// inputs, both packed along the outputs, eight to a word in the order 0, 2, 4, 6, 1, 3, 5, 7.
/// </summary>
/// <param name="quantization">What says so, for errors.</param>
/// <param name="groupSize">Inputs of a group; 0 for all in one.</param>
internal sealed class AwqMethod(ConfigFields quantization, int groupSize) : QuantizedMethod
{
    private const int Bits = 4, Each = 32 / Bits;

    /// <summary>The method of a <c>quantization_config</c>.</summary>
    public static AwqMethod From(ConfigFields quantization)
    {
        if ((quantization.OptionalInt("bits") ?? quantization.OptionalInt("w_bit") ?? Bits) != Bits)
            throw quantization.Wrong("bits", "only 4-bit AWQ is supported");
        if (quantization.Text("version") is { } version && !version.Equals("gemm", StringComparison.OrdinalIgnoreCase))
            throw quantization.Wrong("version", "only AWQ version gemm is supported");
        var group = quantization.OptionalDouble("group_size") ?? quantization.OptionalDouble("q_group_size") ?? 128;
        return new(quantization, (int)Math.Max(0, group));
    }

    public override bool Marks(string name, ElementType type) => name.EndsWith(".qweight", StringComparison.Ordinal);

    public override float[]? Read(QuantizedFiles files, string module, int rows, int columns)
    {
        if (!files.Has($"{module}.qweight"))
            return null;
        if (groupSize > 0 && columns % groupSize != 0)
            throw files.Contradiction(quantization, quantization.Says("q_group_size") ? "q_group_size" : "group_size", $"{module}.qweight",
                $"belongs to a matrix of {columns} inputs, which is not a multiple of the group size {groupSize}");
        var (groups, words) = (groupSize == 0 ? 1 : (columns + groupSize - 1) / groupSize, rows / Each);
        var quants = files.Words($"{module}.qweight", columns, words);
        var zeros = files.Words($"{module}.qzeros", groups, words);
        var scales = files.Floats($"{module}.scales", groups, rows);
        var weights = new float[(long)rows * columns];
        for (var column = 0; column < columns; column++)
        {
            var group = groupSize == 0 ? 0 : column / groupSize;
            for (var row = 0; row < rows; row++)
            {
                // Output 2k is number k of its word, output 2k + 1 number k + 4.
                var (word, place) = (row / Each, row % Each / 2 + row % 2 * (Each / 2));
                var quant = PackedWords.At(quants[column * words + word], place, Bits);
                var zero = PackedWords.At(zeros[group * words + word], place, Bits);
                weights[(long)row * columns + column] = scales[group * rows + row] * (quant - zero);
            }
        }

        return weights;
    }
}
