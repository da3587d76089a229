using Espalier.Compression.Importance.Residuals;

namespace Espalier.Compression.Importance;

// Shapes: R rows, C columns of a parameter, or of some rows of it.

/// <summary>
/// Sums of something that every weight has, over all weights that touch a unit: those that slicing takes with it. Key and value projections
/// are shared by the heads of a group and belong to none; a tied table counts once. Sums in float64.
/// </summary>
internal sealed class WeightTotals(DecoderConfig config)
{
    private readonly PerAxis<double[][]> _units =
        new(axis => Axis.Scored.Contains(axis) && axis.IsIn(config) ? Rows(axis.RowsIn(config), axis.Of(config)) : null);
    private readonly double[] _layers = new double[config.Layers];

    /// <summary>Adds the values of a parameter's weights, or of some rows of it.</summary>
    /// <param name="parameter">Whose.</param>
    /// <param name="firstRow">Which of the parameter's rows is the first here.</param>
    /// <param name="values">[R, C], or [R] of a parameter with one axis; none negative.</param>
    public void Add(Parameter parameter, long firstRow, Tensor values)
    {
        using var scope = TensorScope.Begin();
        var isMatrix = values.Dimensions == 2;
        var rows = (isMatrix ? values.Sum([1], keep: false, DType.Float64) : values.To(DType.Float64)).ToArray<double>();
        var dimensions = ParameterSpec.Of(parameter.Role).Dimensions;
        Add(dimensions[0], parameter, firstRow, rows);
        if (isMatrix)
            Add(dimensions[1], parameter, 0, values.Sum([0], keep: false, DType.Float64).ToArray<double>());
        // All of an expert's weights go with it.
        if (parameter.Expert >= 0)
            Add(Axis.Experts, parameter, [rows.Sum()], _ => parameter.Expert);
        if (parameter.Layer >= 0)
            _layers[parameter.Layer] += rows.Sum();
    }

    /// <summary>Scores out of the sums; the caller adds where they come from.</summary>
    /// <param name="method">What was added up.</param>
    /// <param name="finish">Makes a unit's score of its sum.</param>
    /// <param name="spanWidths">Widths of the spans of layers that are wanted, beside 1.</param>
    public ImportanceScores Result(ScoreMethod method, Func<double, double> finish, IEnumerable<int> spanWidths)
    {
        return new()
        {
            Method = method,
            Units = new(axis => _units[axis]?.Select(Finished).ToArray()),
            BlockInfluence = LayerSpans.Widths(spanWidths, config.Layers).ToDictionary(width => width, Spans),
        };

        double[] Finished(double[] sums) => [.. sums.Select(finish)];
        double[] Spans(int width) =>
            [.. Enumerable.Range(0, config.Layers - width + 1).Select(first => finish(_layers[first..(first + width)].Sum()))];
    }

    private void Add(Dimension dimension, Parameter parameter, long first, double[] sums)
    {
        if (dimension.Axis is not { } axis)
            return;
        var entries = dimension.EntriesOf(config);
        Add(axis, parameter, sums, i => (first + i) / entries);
        if (dimension.Inner is { } inner)
            Add(inner, parameter, sums, i => (first + i) % entries);
    }

    private void Add(Axis axis, Parameter parameter, double[] sums, Func<int, long> unitOf)
    {
        if (_units[axis] is not { } rows)
            return;
        var units = rows[!axis.IsPerLayer ? 0 : axis.IsPerExpert ? parameter.Layer * config.Experts + parameter.Expert : parameter.Layer];
        for (var i = 0; i < sums.Length; i++)
            units[unitOf(i)] += sums[i];
    }

    private static double[][] Rows(int count, int width) => [.. Enumerable.Range(0, count).Select(_ => new double[width])];
}
