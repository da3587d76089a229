namespace Espalier.Models.Families;

/// <summary>
/// A tensor as a checkpoint stores it: one parameter, or several that are fused along the rows, one after the other or, for each unit of an
/// axis, the unit's rows of each.
/// </summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Parts">The parameters in it, in order.</param>
/// <param name="Units">Units whose rows stand together; 1 where the parts stand one after the other.</param>
internal sealed record StoredTensor(string Name, long[] Shape, IReadOnlyList<NamedParameter> Parts, int Units = 1)
{
    /// <summary>What stands between a tensor's name and that of a part of it, in a table of names and in messages.</summary>
    private const char Part = '#';

    /// <summary>What stands after the key of the axis by whose units parts are interleaved, where they are: <c>#heads:gate</c>.</summary>
    private const char Interleaved = ':';

    /// <summary>Whether it holds several parameters.</summary>
    public bool IsFused => Parts.Count > 1 || Parts[0].Name != Name;

    /// <summary>Its shape where experts are a dimension of their own, the first.</summary>
    public long[] Stacked => Parts[0].Parameter.Expert < 0 ? Shape : [Parts.Count, .. Parts[0].Shape];

    /// <summary>The tensors that some parameters of a model lie in, in the order of their first ones.</summary>
    internal static IEnumerable<StoredTensor> Of(IEnumerable<NamedParameter> parameters, DecoderConfig config) =>
        parameters.GroupBy(parameter => parameter.Name.Split(Part)[0], StringComparer.Ordinal).Select(group =>
        {
            NamedParameter[] parts = [.. group];
            long[] ofOne = ParameterSpec.Of(parts[0].Parameter.Role).IsConvolution ? [1, .. parts[0].Shape[1..]] : parts[0].Shape[1..];
            long[] shape = [parts.Sum(part => part.Shape[0]), .. ofOne];
            return new StoredTensor(group.Key, shape, parts, UnitsOf(parts[0].Name, config));
        });

    /// <summary>Its parts, piece by piece as they stand in it.</summary>
    internal IEnumerable<StoredRange> Ranges()
    {
        var first = 0L;
        for (var unit = 0; unit < Units; unit++)
            foreach (var part in Parts)
            {
                var count = ElementsOf(part) / Units;
                yield return new(part, unit * count, first, count);
                first += count;
            }
    }

    /// <summary>Elements of a part.</summary>
    internal static long ElementsOf(NamedParameter part) => part.Shape.Aggregate(1L, (product, size) => product * size);

    private static int UnitsOf(string name, DecoderConfig config)
    {
        var (part, colon) = (name.IndexOf(Part), name.IndexOf(Interleaved));
        return part < 0 || colon < part ? 1 : Axis.All.First(axis => axis.Key == name[(part + 1)..colon]).Of(config);
    }
}

/// <summary>A piece of a parameter in a tensor that a checkpoint stores.</summary>
/// <param name="Part">The parameter.</param>
/// <param name="From">Its first element here, counted within the parameter.</param>
/// <param name="First">The same element, counted within the tensor.</param>
/// <param name="Count">Elements of the piece.</param>
internal readonly record struct StoredRange(NamedParameter Part, long From, long First, long Count);
