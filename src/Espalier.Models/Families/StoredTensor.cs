namespace Espalier.Models.Families;

/// <summary>
/// A tensor as a checkpoint stores it: one parameter, or several that are fused along the rows, one after the other or, for each unit of an
/// axis, the unit's rows of each; or the matrices of all experts, each transposed, with the columns of one's parts taking turns.
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

    /// <summary>What stands before an expert's number where matrices of experts are transposed: <c>#transposed.3.gate</c>.</summary>
    private const string Transposed = "transposed.";

    /// <summary>Whether it holds several parameters.</summary>
    public bool IsFused => Parts.Count > 1 || Parts[0].Name != Name;

    /// <summary>Whether it is the matrices or biases of all experts, whose parts lie as <see cref="PlaceOf"/> says.</summary>
    public bool IsTransposed => Parts[0].Name.AsSpan(Name.Length).StartsWith($"{Part}{Transposed}");

    /// <summary>Elements of one expert, where it is transposed.</summary>
    public long OfExpert => Parts.Count(IsOfFirst) * ElementsOf(Parts[0]);

    /// <summary>Its shape where experts are a dimension of their own, the first.</summary>
    public long[] Stacked => Parts[0].Parameter.Expert < 0 ? Shape : [Parts.Count, .. Parts[0].Shape];

    /// <summary>The tensors that some parameters of a model lie in, in the order of their first ones.</summary>
    internal static IEnumerable<StoredTensor> Of(IEnumerable<NamedParameter> parameters, DecoderConfig config) =>
        parameters.GroupBy(parameter => parameter.Name.Split(Part)[0], StringComparer.Ordinal).Select(group =>
        {
            NamedParameter[] parts = [.. group];
            if (new StoredTensor(group.Key, [], parts) is { IsTransposed: true } experts)
                return experts with { Shape = experts.ShapeOfExperts() };
            long[] ofOne = ParameterSpec.Of(parts[0].Parameter.Role).IsConvolution ? [1, .. parts[0].Shape[1..]] : parts[0].Shape[1..];
            long[] shape = [parts.Sum(part => part.Shape[0]), .. ofOne];
            return new StoredTensor(group.Key, shape, parts, UnitsOf(parts[0].Name, config));
        });

    /// <summary>Its parts, piece by piece as they stand in it.</summary>
    internal IEnumerable<StoredRange> Ranges()
    {
        if (IsTransposed)
        {
            foreach (var range in Elements())
                yield return range;
            yield break;
        }

        var first = 0L;
        for (var unit = 0; unit < Units; unit++)
            foreach (var part in Parts)
            {
                var count = ElementsOf(part) / Units;
                yield return new(part, unit * count, first, count);
                first += count;
            }
    }

    /// <summary>Where the elements of a part lie, where experts are transposed.</summary>
    internal StoredLattice PlaceOf(NamedParameter part)
    {
        var (own, columns) = (Parts.Count(IsOfFirst), part.Shape.Length == 1 ? 1 : part.Shape[1]);
        return new(part.Parameter.Expert * OfExpert + Index(part) % own, part.Shape[0], columns, own, own * part.Shape[0]);

        int Index(NamedParameter part) => Parts.Index().First(one => one.Item.Parameter == part.Parameter).Index;
    }

    internal static long ElementsOf(NamedParameter part) => part.Shape.Aggregate(1L, (product, size) => product * size);

    private bool IsOfFirst(NamedParameter part) => part.Parameter.Expert == Parts[0].Parameter.Expert;

    private long[] ShapeOfExperts()
    {
        var own = Parts.Count(IsOfFirst);
        return [Parts.Count / own, .. Parts[0].Shape[1..], own * Parts[0].Shape[0]];
    }

    private IEnumerable<StoredRange> Elements()
    {
        var own = Parts.Count(IsOfFirst);
        var (rows, columns) = (Parts[0].Shape[0], ElementsOf(Parts[0]) / Parts[0].Shape[0]);
        var first = 0L;
        for (var expert = 0; expert < Parts.Count; expert += own)
            for (var column = 0L; column < columns; column++)
                for (var row = 0L; row < rows; row++)
                    for (var part = 0; part < own; part++)
                        yield return new(Parts[expert + part], row * columns + column, first++, 1);
    }

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

/// <summary>The elements of a matrix that lie apart in a stored tensor, counted in elements from its first.</summary>
/// <param name="First">Where that of the first row and column is.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns; 1 of a vector.</param>
/// <param name="RowStep">From a row to the next.</param>
/// <param name="ColumnStep">From a column to the next.</param>
internal readonly record struct StoredLattice(long First, long Rows, long Columns, long RowStep, long ColumnStep);
