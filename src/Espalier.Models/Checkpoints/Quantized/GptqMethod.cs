using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>
/// GPTQ (arXiv 2210.17323) as AutoGPTQ and GPTQModel store it: w = s · (q - z) with a scale and a zero for each output and group of inputs;
/// q packed down the inputs, z along the outputs. The format <c>gptq</c> stores z - 1, <c>gptq_v2</c> z itself.
/// </summary>
/// <param name="quantization">What says so, for errors.</param>
/// <param name="bits">2, 4 or 8.</param>
/// <param name="groupSize">Inputs of a group; 0 for all in one.</param>
/// <param name="storesLess">Whether zeros are stored less one.</param>
internal sealed class GptqMethod(ConfigFields quantization, int bits, int groupSize, bool storesLess) : QuantizedMethod
{
    /// <summary>The method of a <c>quantization_config</c>.</summary>
    public static GptqMethod From(ConfigFields quantization)
    {
        var bits = quantization.Int("bits");
        if (bits is not (2 or 4 or 8))
            throw quantization.Wrong("bits", "2, 4 and 8 are supported");
        var group = (int)(quantization.OptionalDouble("group_size") ?? -1);
        var format = quantization.Text("checkpoint_format") ?? "gptq";
        if (format is not ("gptq" or "gptq_v2"))
            throw quantization.Wrong("checkpoint_format", "gptq and gptq_v2 are supported");
        return new(quantization, bits, Math.Max(0, group), format == "gptq");
    }

    public override bool Marks(string name, ElementType type) => name.EndsWith(".qweight", StringComparison.Ordinal);

    public override float[]? Read(QuantizedFiles files, string module, int rows, int columns)
    {
        if (!files.Has($"{module}.qweight"))
            return null;
        var (each, mask) = (32 / bits, (1 << bits) - 1);
        var groups = groupSize == 0 ? 1 : (columns + groupSize - 1) / groupSize;
        var quants = files.Words($"{module}.qweight", PackedWords.Words(columns, bits), rows);
        var zeros = files.Words($"{module}.qzeros", groups, PackedWords.Words(rows, bits));
        var scales = files.Floats($"{module}.scales", groups, rows);
        // With desc_act the groups are those of inputs in another order.
        var order = files.Has($"{module}.g_idx") ? files.Words($"{module}.g_idx", columns) : null;
        if (order is not null && groupSize > 0 && order.CountBy(static group => group).Max(static group => group.Value) is var largest
            && largest != Math.Min(groupSize, columns))
            throw files.Contradiction(quantization, "group_size", $"{module}.g_idx", $"has groups of {largest} inputs");
        var weights = new float[(long)rows * columns];
        for (var column = 0; column < columns; column++)
        {
            var group = order is not null ? (int)order[column] : groupSize == 0 ? 0 : column / groupSize;
            if ((uint)group >= (uint)groups)
                throw new EspalierException($"{module}.g_idx: input {column} belongs to group {group}, but there are only {groups}");
            for (var row = 0; row < rows; row++)
            {
                var zero = PackedWords.At(zeros[group * PackedWords.Words(rows, bits) + row / each], row % each, bits);
                if (storesLess)
                    zero = (zero + 1) & mask;
                var quant = PackedWords.At(quants[column / each * rows + row], column % each, bits);
                weights[(long)row * columns + column] = scales[group * rows + row] * (quant - zero);
            }
        }

        return weights;
    }
}
