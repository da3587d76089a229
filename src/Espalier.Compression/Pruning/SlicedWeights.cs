using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Compression.Pruning;

/// <summary>The student's weights, sliced from the teacher's block by block as they are asked for, in the order of the file.</summary>
internal sealed class SlicedWeights(Checkpoint teacher, PruningPlan plan, NeuronMatches matches) : ITensorSource
{
    private readonly DecoderConfig _config = teacher.Config;
    private readonly DecoderConfig _student = plan.Apply(teacher.Config);
    private string _current = "";
    private SlicedTensor? _tensor;

    /// <summary>Names of the teacher's parameters of which the student has nothing: those of the layers and experts that go.</summary>
    public IEnumerable<string> LeftOut => teacher.Family.Parameters(_config)
        .Where(named => plan.Drops(named.Parameter)).Select(named => named.Name);

    public void Fill(string name, long firstElement, Span<float> destination)
    {
        if (_current != name)
            (_current, _tensor) = (name, Open(name));
        _tensor!.Read(firstElement, destination);
    }

    private SlicedTensor Open(string name)
    {
        if (!teacher.Family.TryParse(name, out var parameter))
            throw new EspalierException($"{name} is not a parameter of the {teacher.Config.Family} family");
        var spec = ParameterSpec.Of(parameter.Role);
        var source = plan.Source(parameter);
        return new(teacher, teacher.Family.NameOf(source), spec.Shape(_config))
        {
            Rows = Kept(spec.Dimensions[0], parameter),
            Columns = spec.Dimensions.Count == 2 ? Kept(spec.Dimensions[1], parameter) : null,
            Carried = spec.Carried(_config, _student),
            TakesIn = !plan.IsMixed(parameter) ? null : spec.Dimensions[0].Axis == Axis.Heads
                ? row => HeadParts(source, parameter.Layer, row)
                : row => matches.Parts(teacher.Family, source, row, plan.ExpertMerges![parameter.Layer]),
        };
    }

    /// <summary>The row of the head that goes, whose residual row <paramref name="row"/> takes in: row + (row − part).</summary>
    private RowPart[] HeadParts(Parameter source, int layer, int row) =>
        [.. plan.Merges![layer].Where(merge => row / _config.HeadDim == merge.Head).Select(merge =>
            new RowPart(teacher.Family.NameOf(source), merge.Gone * _config.HeadDim + row % _config.HeadDim, -1))];

    /// <summary>Kept entries along a dimension; null keeps all.</summary>
    private int[]? Kept(Dimension dimension, Parameter parameter)
    {
        var units = UnitsOf(dimension.Axis, parameter);
        var inside = UnitsOf(dimension.Inner, parameter);
        if (units is null && inside is null)
            return null;
        var entries = dimension.EntriesOf(_config);
        units ??= [.. Enumerable.Range(0, dimension.Axis!.Of(_config))];
        return entries == 1 ? units
            : [.. units.SelectMany(unit => (inside ?? Enumerable.Range(0, entries)).Select(entry => unit * entries + entry))];
    }

    private int[]? UnitsOf(Axis? axis, Parameter parameter) =>
        axis is null ? null : plan.UnitsOf(axis, parameter.Layer, parameter.Expert);
}
