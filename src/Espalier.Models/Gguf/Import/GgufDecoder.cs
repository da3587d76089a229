using Espalier.Models.Families;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Gguf.Import;

/// <summary>A GGUF file's weights in a decoder: what a format made of a model, to be measured here.</summary>
internal static class GgufDecoder
{
    /// <summary>Reads a file that was exported from a model, decoded to float32. The caller owns the decoder.</summary>
    /// <param name="file">The file.</param>
    /// <param name="config">The model that it was written from.</param>
    /// <exception cref="EspalierException">A tensor is missing.</exception>
    public static Decoder Load(GgufFile file, DecoderConfig config)
    {
        var family = FamilyCatalog.For(config.Family, file.Path);
        var tensors = new ImportedTensors(file, new(GgufArchitectures.For(config, file.Path), family, [], config));
        // Piece by piece: an array has less than 2^31 elements.
        return new(config, family.Parameters(config).Select(named => KeyValuePair.Create(named.Parameter,
            DecoderWeights.FromWriter(named.Shape, DType.Float32, (first, values) => tensors.Fill(named.Name, first, values)))));
    }
}
