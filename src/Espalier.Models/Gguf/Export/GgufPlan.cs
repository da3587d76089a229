using Espalier.Models.Families;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Gguf.Export;

/// <summary>A tensor that will be written.</summary>
/// <param name="Stored">Name and the parameters in it, by the architecture's names.</param>
/// <param name="Shape">Its shape in the file.</param>
/// <param name="Wanted">The type that the format has for it.</param>
/// <param name="Type">The type that it gets: another one where its rows are no whole blocks.</param>
internal sealed record PlannedTensor(StoredTensor Stored, long[] Shape, GgufType Wanted, GgufType Type)
{
    public long Bytes => Shape[..^1].Aggregate(1L, static (rows, size) => rows * size) * Type.RowBytes(Shape[^1]);
}

/// <summary>Which tensors a file has and how each is stored; no weights are read for it.</summary>
internal static class GgufPlan
{
    /// <summary>All tensors of a model, in checkpoint order, without <see cref="RotaryFactors"/>.</summary>
    public static IReadOnlyList<PlannedTensor> Of(Family family, DecoderConfig config, GgufArchitecture architecture, GgufFormat format) =>
        [.. StoredTensor.Of(Named(family, config, architecture), config)
            .Select(tensor => Planned(tensor, architecture.ShapeOf(tensor, config), config, format))];

    /// <summary>What is stored otherwise than the format says, one sentence for each width; none where all rows are whole blocks.</summary>
    public static IEnumerable<string> Notes(IEnumerable<PlannedTensor> tensors, GgufFormat format) => tensors
        .Where(tensor => tensor.Type != tensor.Wanted).GroupBy(tensor => (Width: tensor.Shape[^1], tensor.Wanted, tensor.Type))
        .Select(group =>
            $"{format.Name()}: {group.Count()} {(group.Count() == 1 ? "tensor has" : "tensors have")} rows of {group.Key.Width}, "
            + $"not a multiple of {group.Key.Wanted.Name()}'s block of {group.Key.Wanted.BlockSize()}, and "
            + $"{(group.Count() == 1 ? "is" : "are")} stored as {group.Key.Type.Name()}: {group.First().Stored.Name}"
            + $"{(group.Count() == 1 ? "" : ", ...")}");

    private static IEnumerable<NamedParameter> Named(Family family, DecoderConfig config, GgufArchitecture architecture)
    {
        foreach (var (_, parameter, shape) in family.Table.Parameters(config))
            yield return new(architecture.Table.NameOf(parameter), parameter, shape);
        if (architecture.WantsHead && config.TiedEmbeddings)
            yield return new(architecture.Table.NameOf(new(ParameterRole.Head)), new(ParameterRole.Head),
                ParameterSpec.Of(ParameterRole.Embedding).Shape(config));
    }

    private static PlannedTensor Planned(StoredTensor tensor, long[] shape, DecoderConfig config, GgufFormat format)
    {
        // Norms and other vectors stay float32, as in every file for llama.cpp.
        if (tensor.Shape.Length == 1)
            return new(tensor, shape, GgufType.F32, GgufType.F32);
        var decides = tensor.Parts.Select(part => part.Parameter).Where(parameter => parameter.Role == ParameterRole.ValueProjection)
            .DefaultIfEmpty(tensor.Parts[0].Parameter).First();
        var wanted = format.TypeOf(decides, config);
        return new(tensor, shape, wanted, wanted.Fitting(shape[^1]));
    }
}
