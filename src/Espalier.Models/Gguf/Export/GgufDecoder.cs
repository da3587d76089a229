using Espalier.Models.Families;
using Espalier.Models.Gguf.Architectures;
using Espalier.Torch;

namespace Espalier.Models.Gguf.Export;

/// <summary>A GGUF file's weights in a decoder: what a format made of a model, to be measured here.</summary>
internal static class GgufDecoder
{
    /// <summary>Reads a file that <see cref="GgufExporter"/> wrote of a model, decoded to float32. The caller owns the decoder.</summary>
    /// <param name="file">The file.</param>
    /// <param name="config">The model that it was written from.</param>
    /// <exception cref="EspalierException">A tensor is missing.</exception>
    public static Decoder Load(GgufFile file, DecoderConfig config)
    {
        var architecture = GgufArchitectures.For(config, file.Metadata.Get<string>("general.name"));
        var tensors = StoredTensor.Of(FamilyCatalog.For(config.Family, architecture.Name).Parameters(config)
            .Select(named => named with { Name = architecture.Table.NameOf(named.Parameter) }));
        return new(config, tensors.SelectMany(tensor => Parts(file, tensor, config, architecture)));
    }

    private static IEnumerable<KeyValuePair<Parameter, Tensor>> Parts(
        GgufFile file, StoredTensor tensor, DecoderConfig config, GgufArchitecture architecture)
    {
        var stored = file.ReadFloat32(tensor.Name);
        foreach (var ((_, parameter, shape), first, count) in tensor.Ranges())
        {
            var weights = stored.AsSpan((int)first, (int)count).ToArray();
            if (architecture.TurnsNeighbours && parameter.Role is ParameterRole.QueryProjection or ParameterRole.KeyProjection
                or ParameterRole.QueryProjectionBias or ParameterRole.KeyProjectionBias)
                HeadOrder.Separate(stored.AsSpan((int)first, (int)count), weights, config.HeadDim, shape is [_, var width] ? (int)width
                    : 1);
            float shift = architecture.Shift(parameter.Role), factor = (float)architecture.Factor(parameter.Role, config);
            if (shift != 0 || factor != 1)
                foreach (ref var weight in weights.AsSpan())
                    weight = weight / factor - shift;
            yield return new(parameter, DecoderWeights.ToTensor(weights, shape, DType.Float32));
        }
    }
}
