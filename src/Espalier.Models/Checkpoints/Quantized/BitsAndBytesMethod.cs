using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>
/// bitsandbytes: LLM.int8 (arXiv 2208.07339; a byte a weight, 127 of which are the largest of its output) and 4 bits (NF4, FP4; arXiv
/// 2305.14314; numbers of a table of 16 values with a scale for each block, the scales themselves as bytes where they are quantised twice).
/// </summary>
internal sealed class BitsAndBytesMethod(ConfigFields quantization) : QuantizedMethod
{
    private const string Scaled = ".SCB", State = ".quant_state.bitsandbytes__", FourBit = "load_in_4bit", EightBit = "load_in_8bit",
        Type = "bnb_4bit_quant_type";

    private static readonly string[] s_kinds = ["nf4", "fp4"];

    public override bool Marks(string name, ElementType type) =>
        name.EndsWith(Scaled, StringComparison.Ordinal) || name.Contains(State, StringComparison.Ordinal);

    public override float[]? Read(QuantizedFiles files, string module, int rows, int columns)
    {
        var name = $"{module}.weight";
        if (files.Has($"{module}{Scaled}"))
        {
            if (quantization.Bool(FourBit) || quantization.Says(EightBit) && !quantization.Bool(EightBit))
                throw files.Contradiction(quantization, quantization.Bool(FourBit) ? FourBit : EightBit, $"{module}{Scaled}",
                    "belongs to 8-bit weights");
            return Bytes(files, module, rows, columns);
        }

        if (s_kinds.FirstOrDefault(kind => files.Has($"{name}{State}{kind}")) is not { } kind)
            return null;
        if (quantization.Bool(EightBit) || quantization.Says(FourBit) && !quantization.Bool(FourBit))
            throw files.Contradiction(quantization, quantization.Bool(EightBit) ? EightBit : FourBit, $"{name}{State}{kind}",
                "belongs to 4-bit weights");
        if (quantization.Text(Type) is { } type && type != kind)
            throw files.Contradiction(quantization, Type, $"{name}{State}{kind}", $"is of {kind}");
        return FourBits(files, name, $"{name}{State}{kind}", rows, columns);
    }

    private static float[] Bytes(QuantizedFiles files, string module, int rows, int columns)
    {
        files.Pass($"{module}.weight_format");
        var bytes = files.Bytes($"{module}.weight", rows, columns);
        var largest = files.Floats($"{module}{Scaled}", rows);
        var weights = new float[bytes.LongLength];
        for (var at = 0L; at < weights.LongLength; at++)
            weights[at] = (sbyte)bytes[at] * largest[at / columns] / 127;
        return weights;
    }

    private static float[] FourBits(QuantizedFiles files, string name, string stateName, int rows, int columns)
    {
        var state = JsonFile.Parse(files.Bytes(stateName), stateName);
        var count = (long)rows * columns;
        if (state["shape"] is not JsonArray shape || !shape.Select(Whole).SequenceEqual([rows, columns]))
            throw new EspalierException(
                $"{stateName}: shape is {state["shape"]?.ToJsonString()}, but config.json expects [{rows},{columns}]");
        var block = Whole(state["blocksize"]);
        if (block <= 0)
            throw new EspalierException($"{stateName}: blocksize is {block}");
        var blocks = (count + block - 1) / block;
        var bytes = files.Bytes(name, (count + 1) / 2, 1);
        var table = files.Floats($"{name}.quant_map", 16);
        var scales = Scales(files, name, state, stateName, blocks);
        var weights = new float[count];
        for (var at = 0L; at < count; at++)
            // The first of two weights lies in the upper half of their byte.
            weights[at] = table[bytes[at / 2] >> (at % 2 == 0 ? 4 : 0) & 15] * scales[at / block];
        return weights;
    }

    private static float[] Scales(QuantizedFiles files, string name, JsonObject state, string stateName, long blocks)
    {
        if (!files.Has($"{name}.nested_absmax"))
            return files.Floats($"{name}.absmax", blocks);
        var (bytes, block) = (files.Bytes($"{name}.absmax", blocks), Whole(state["nested_blocksize"]));
        if (block <= 0 || state["nested_offset"] is not JsonValue value || !value.TryGetValue(out double offset))
            throw new EspalierException($"{stateName}: nested_blocksize or nested_offset is missing");
        var table = files.Floats($"{name}.nested_quant_map", 256);
        var outer = files.Floats($"{name}.nested_absmax", (blocks + block - 1) / block);
        return [.. bytes.Select((number, at) => table[number] * outer[at / block] + (float)offset)];
    }

    private static int Whole(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : -1;
}
