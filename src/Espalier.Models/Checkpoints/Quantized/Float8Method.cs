using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>
/// Weights as floats of 8 bits with scales that multiply: one for the matrix (ModelOpt), one for each output (FBGEMM), or one for each
/// block (DeepSeek's <c>weight_scale_inv</c>, which multiplies too). The scales' shape tells which.
/// </summary>
/// <param name="quantization">Where every matrix must be as it says: what says so, for errors; else null.</param>
/// <param name="blockRows">Outputs of a block, where the config names blocks; else 0.</param>
/// <param name="blockColumns">Inputs of a block.</param>
internal sealed class Float8Method(ConfigFields? quantization, int blockRows, int blockColumns) : QuantizedMethod
{
    private static readonly string[] s_scales = ["weight_scale_inv", "weight_scale"];

    // What activations are divided by: weights do not ask.
    private static readonly string[] s_passed = ["input_scale", "input_scale_ub", "activation_scale", "output_scale"];

    /// <summary>The method of a <c>quantization_config</c>.</summary>
    public static Float8Method From(ConfigFields quantization)
    {
        if (quantization.Text("quant_method") == "modelopt" && quantization.Text("quant_algo") is not "FP8")
            throw quantization.Wrong("quant_algo", "supported ModelOpt formats: FP8 and NVFP4");
        return quantization.Says("weight_block_size") && quantization.Ids("weight_block_size") is [var rows, var columns] && rows > 0
            && columns > 0
            ? new(quantization, rows, columns) : new(quantization, 0, 0);
    }

    public override bool Marks(string name, ElementType type) => Float8.Is(type);

    public override float[]? Read(QuantizedFiles files, string module, int rows, int columns)
    {
        var name = $"{module}.weight";
        if (!files.Has(name) || files.Entry(name).Type is var type && !Float8.Is(type))
            return null;
        var scaleName = s_scales.Select(scale => $"{module}.{scale}").FirstOrDefault(files.Has)
            ?? throw new EspalierException($"'{name}' is {type.Name()} but has no {module}.{s_scales[0]} or {s_scales[1]}");
        var bytes = files.Bytes(name, rows, columns);
        var (shape, scales) = (files.Entry(scaleName).Shape, files.Floats(scaleName));
        foreach (var passed in s_passed)
            files.Pass($"{module}.{passed}");
        PassCacheScales(files, module);

        var table = Enumerable.Range(0, 256).Select(bits => Float8.Value(type, (byte)bits)).ToArray();
        int down = blockRows == 0 ? 0 : (rows + blockRows - 1) / blockRows, across = blockRows == 0 ? 0
            : (columns + blockColumns - 1) / blockColumns;
        if (quantization?.Text("fmt") is { } form && !type.Name().EndsWith(form, StringComparison.OrdinalIgnoreCase))
            throw files.Contradiction(quantization, "fmt", name, $"is {type.Name()}");
        if (quantization is not null && down > 0 && !shape.AsSpan().SequenceEqual([down, across]))
            throw files.Contradiction(quantization, "weight_block_size", scaleName,
                $"is {SafetensorsHeader.Text(shape)}, but a matrix of {rows} outputs and {columns} inputs has {down} x {across} such "
                    + "blocks");
        Func<int, int, float> scaleOf = shape switch
        {
            [] or [1] or [1, 1] => (_, _) => scales[0],
            [var a, ..] when a == rows && scales.Length == rows => (row, _) => scales[row],
            [var a, var b] when down > 0 && a == down && b == across => (row, column) =>
                scales[row / blockRows * across + column / blockColumns],
            _ => throw new EspalierException(
                $"'{scaleName}' is {SafetensorsHeader.Text(shape)}, but a matrix of {rows} outputs and {columns} "
                + $"inputs has one scale, {rows}{(down > 0 ? $", or {down} x {across}" : "")}"),
        };
        var weights = new float[(long)rows * columns];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
            {
                var at = (long)row * columns + column;
                weights[at] = table[bytes[at]] * scaleOf(row, column);
            }

        return weights;
    }
}
