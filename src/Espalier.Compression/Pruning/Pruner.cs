using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;

namespace Espalier.Compression.Pruning;

/// <summary>
/// Applies a plan by slicing: rows and columns of the kept units, unscaled, queries merged where the plan says so, layers renumbered. Streams one tensor at a time from the memory-mapped
/// teacher into a new Hugging Face folder, so that the model never is in memory.
/// </summary>
public static class Pruner
{
    /// <summary>Writes the student's folder; it appears whole or not at all.</summary>
    /// <param name="teacher">The open teacher.</param>
    /// <param name="plan">What survives.</param>
    /// <param name="folder">The folder to make.</param>
    /// <param name="stored">Element type to store.</param>
    /// <param name="progress">Told of the parameters written.</param>
    /// <param name="stop">Stops, leaving nothing behind.</param>
    /// <exception cref="EspalierException">The plan does not fit the teacher, or a weight is not finite.</exception>
    public static DecoderConfig Write(
        Checkpoint teacher, PruningPlan plan, string folder, ElementType stored, IProgressReporter progress, CancellationToken stop = default)
    {
        var student = plan.Apply(teacher.Config);
        var bytes = student.Parameters * stored.Bytes();
        using var task = progress.Begin("prune", bytes, "bytes");
        CheckpointWriter.Write(
            folder, student, teacher, stored, new SlicedWeights(teacher, plan), new() { Progress = written => task.Advance(written) }, stop);
        return student;
    }
}

/// <summary>The student's weights, sliced from the teacher's as they are asked for.</summary>
internal sealed class SlicedWeights(Checkpoint teacher, PruningPlan plan) : ITensorSource
{
    private readonly DecoderConfig _config = teacher.Config;
    private string _current = "";
    private float[] _values = [];

    public void Fill(string name, long firstElement, Span<float> destination)
    {
        if (_current != name)
            (_current, _values) = (name, Slice(name));
        _values.AsSpan(checked((int)firstElement), destination.Length).CopyTo(destination);
    }

    private float[] Slice(string name)
    {
        if (!teacher.Family.TryParse(name, out var parameter))
            throw new EspalierException($"{name} is no parameter of the {teacher.Config.Family} family");
        var old = parameter.Layer < 0 ? parameter : parameter with { Layer = plan.Layers[parameter.Layer] };
        var source = teacher.Family.NameOf(old);
        var shape = ParameterShape.Of(parameter.Role, _config);
        var rows = Kept(CutAxes.Of(parameter.Role, 0), parameter.Layer) ?? Range(shape[0]);
        var columns = shape.Length == 2 ? Kept(CutAxes.Of(parameter.Role, 1), parameter.Layer) ?? Range(shape[1]) : [0];
        var width = shape.Length == 2 ? shape[1] : 1;

        var values = new float[(long)rows.Length * columns.Length];
        var row = new float[width];
        for (var i = 0; i < rows.Length; i++)
        {
            teacher.ReadFloat32(source, rows[i] * width, row);
            if (IsQuery(parameter.Role) && MergedWith(parameter.Layer, rows[i]) is { } gone)
                Merge(source, gone, row);
            for (var j = 0; j < columns.Length; j++)
                values[(long)i * columns.Length + j] = row[columns[j]];
        }
        return values;
    }

    private static bool IsQuery(ParameterRole role) => role is ParameterRole.QueryProjection or ParameterRole.QueryProjectionBias;

    /// <summary>The row of the head that goes, whose residual row <paramref name="row"/> takes in; null for none.</summary>
    private int? MergedWith(int layer, int row)
    {
        foreach (var (head, gone) in plan.Merges?[layer] ?? [])
            if (row / _config.HeadDim == head)
                return gone * _config.HeadDim + row % _config.HeadDim;
        return null;
    }

    /// <summary>row ← row + (row − gone), both as the teacher has them.</summary>
    private void Merge(string source, int gone, float[] row)
    {
        var other = new float[row.Length];
        teacher.ReadFloat32(source, (long)gone * row.Length, other);
        for (var j = 0; j < row.Length; j++)
            row[j] = (float)(2.0 * row[j] - other[j]); // exact before it is rounded once
    }

    private static int[] Range(long count) => [.. Enumerable.Range(0, checked((int)count))];

    /// <summary>Kept indices along an axis; null keeps all.</summary>
    private int[]? Kept(CutAxis axis, int layer) => axis switch
    {
        CutAxis.Channels => plan.Channels,
        CutAxis.Neurons => plan.Neurons[layer],
        CutAxis.Heads => RowsOf(plan.Heads[layer]),
        CutAxis.KvHeads => plan.KvHeads is { } kept ? RowsOf(kept[layer]) : null,
        _ => null,
    };

    private int[] RowsOf(int[] heads) => [.. heads.SelectMany(head => Enumerable.Range(head * _config.HeadDim, _config.HeadDim))];
}
