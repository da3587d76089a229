namespace Espalier.Models.Families;

/// <summary>A tensor as a checkpoint stores it: one parameter, or several that are fused, one after the other along the rows.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Parts">The parameters in it, in order.</param>
internal sealed record StoredTensor(string Name, long[] Shape, IReadOnlyList<NamedParameter> Parts)
{
    /// <summary>What stands between a tensor's name and that of a part of it, in a table of names and in messages.</summary>
    private const char Part = '#';

    /// <summary>Whether it holds several parameters.</summary>
    public bool IsFused => Parts.Count > 1 || Parts[0].Name != Name;

    /// <summary>Its shape where experts are a dimension of their own, the first.</summary>
    public long[] Stacked => Parts[0].Parameter.Expert < 0 ? Shape : [Parts.Count, .. Parts[0].Shape];

    /// <summary>The tensors that some parameters lie in, in the order of their first ones.</summary>
    internal static IEnumerable<StoredTensor> Of(IEnumerable<NamedParameter> parameters) =>
        parameters.GroupBy(parameter => parameter.Name.Split(Part)[0], StringComparer.Ordinal).Select(group =>
        {
            NamedParameter[] parts = [.. group];
            long[] ofOne = ParameterSpec.Of(parts[0].Parameter.Role).IsConvolution ? [1, .. parts[0].Shape[1..]] : parts[0].Shape[1..];
            long[] shape = [parts.Sum(part => part.Shape[0]), .. ofOne];
            return new StoredTensor(group.Key, shape, parts);
        });

    /// <summary>Its parts with the elements that lie before each.</summary>
    internal IEnumerable<(NamedParameter Part, long First, long Count)> Ranges()
    {
        var first = 0L;
        foreach (var part in Parts)
        {
            var count = part.Shape.Aggregate(1L, (product, size) => product * size);
            yield return (part, first, count);
            first += count;
        }
    }
}
