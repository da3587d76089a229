using Espalier.Cli.Rendering;
using Espalier.Pipeline.Cards;

namespace Espalier.Cli.Commands.Shared;

/// <summary>A column a size in tables of shapes: of those axes that one of the shapes has.</summary>
/// <param name="order">The axes in the table's order.</param>
/// <param name="shapes">The sizes of all rows.</param>
internal sealed class SizeColumns(IReadOnlyList<Axis> order, IEnumerable<PerAxis<int?>> shapes)
{
    private readonly Axis[] _axes = [.. order.Where(axis => shapes.Any(sizes => sizes[axis] > 0))];

    internal IEnumerable<Column> Columns => _axes.Select(axis => new Column(axis.Words, IsNumber: true));

    /// <summary>The names of columns in CSV.</summary>
    internal IEnumerable<string> Names => _axes.Select(axis => axis.JsonName);

    /// <summary>The cells of a row of a page.</summary>
    internal IEnumerable<string> Cells(PerAxis<int?> sizes) => _axes.Select(axis => $"{sizes[axis]}");

    /// <summary>The numbers of a row of CSV.</summary>
    internal IEnumerable<object?> Numbers(PerAxis<int?> sizes) => _axes.Select(axis => (object?)sizes[axis]);

    /// <summary>The sizes of one shape in a line.</summary>
    internal string Line(PerAxis<int?> sizes) => string.Join(", ", _axes.Select(axis => $"{axis.Words} {sizes[axis]}"));
}
