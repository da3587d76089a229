using Espalier.Models;
using Espalier.Models.Families;
using Espalier.Models.Gguf;

namespace Espalier.Pipeline.Forecasts;

/// <summary>Something that the run writes.</summary>
/// <param name="What">Its name.</param>
/// <param name="Bytes">Its size, without headers, tokenizer and logs.</param>
/// <param name="Stage">
/// The stage that writes it, with its cycle and round where there are several (<see cref="StageForecast.Title"/>).
/// </param>
internal sealed record DiskForecast(string What, long Bytes, string Stage)
{
    // Vectors stay float32, and rows that are no whole number of blocks become float16: GgufExporter's rules.
    internal static long Gguf(Family family, DecoderConfig config, GgufType type) => family.Parameters(config).Sum(parameter =>
    {
        var shape = parameter.Shape;
        var elements = shape.Aggregate(1L, (product, size) => product * size);
        var actual = shape.Length == 1 ? GgufType.F32 : shape[^1] % type.BlockSize() != 0 ? GgufType.F16 : type;
        return actual.RowBytes(elements);
    });
}
