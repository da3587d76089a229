using Espalier.Models.Families;
using Espalier.Models.Gguf.Export;

namespace Espalier.Pipeline.Forecasts;

/// <summary>Something that the run writes.</summary>
/// <param name="What">Its name.</param>
/// <param name="Bytes">Its size, without headers, tokenizer and logs.</param>
/// <param name="Stage">
/// The stage that writes it, with its cycle and round where there are several (<see cref="StageForecast.Title"/>).
/// </param>
internal sealed record DiskForecast(string What, long Bytes, string Stage)
{
    internal static long Gguf(Family family, DecoderConfig config, GgufFormat format) => GgufExporter.Bytes(family, config, format);
}
