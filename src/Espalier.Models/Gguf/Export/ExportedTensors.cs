using System.Buffers;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Gguf.Export;

/// <summary>
/// A checkpoint's parameters as an architecture of llama.cpp stores them: under its names, fused where it fuses them, with the rows of
/// heads reordered, and with what the architecture adds or multiplies.
/// </summary>
/// <param name="checkpoint">The model, open as long as tensors are read.</param>
/// <param name="architecture">The architecture.</param>
internal sealed class ExportedTensors(Checkpoint checkpoint, GgufArchitecture architecture)
{
    /// <summary>The tensors of a plan, to be read and written.</summary>
    /// <param name="planned">The plan.</param>
    /// <param name="importance">What an error costs in each column of a matrix; null where that is the same everywhere.</param>
    public IEnumerable<GgufTensorSource> Of(IEnumerable<PlannedTensor> planned, Func<Parameter, float[]?>? importance = null)
    {
        foreach (var one in planned)
            yield return Source(one) with
            {
                Importance = one.Stored.Shape.Length == 1 || importance is null ? null : Costs(one.Stored, importance),
            };
        foreach (var (name, length) in architecture.Zeros(checkpoint.Config))
            yield return new(name, GgufType.F32, [length], static (_, rows) => rows.Clear());
        foreach (var (name, list) in LongFactors.Of(checkpoint.Config))
            yield return new(name, GgufType.F32, [list.Length], (_, rows) => list.CopyTo(rows));
        if (RotaryFactors.Of(checkpoint.Config, architecture) is { } factors)
            yield return new(RotaryFactors.Name, GgufType.F32, [factors.Length], (_, rows) => factors.CopyTo(rows));
    }

    // Of experts, which are one tensor, the mean over those that tokens went to.
    private float[]? Costs(StoredTensor tensor, Func<Parameter, float[]?> importance)
    {
        var parameter = tensor.Parts[0].Parameter;
        if (parameter.Role == ParameterRole.DeltaOutputProjection && importance(parameter) is { } ofColumns
            && ValueHeadOrder.Of(parameter.Role, checkpoint.Config, architecture) is { } order)
            return [.. ofColumns.Select((_, column) => ofColumns[order.Grouped(column)])];
        if (parameter.Expert < 0)
            return importance(parameter);
        float[][] costs = [.. tensor.Parts.Select(part => importance(part.Parameter)).OfType<float[]>()];
        return costs.Length == 0 ? null : [.. Enumerable.Range(0, costs[0].Length).Select(column => costs.Average(one => one[column]))];
    }

    private GgufTensorSource Source(PlannedTensor tensor) => new(tensor.Stored.Name, tensor.Type, tensor.Shape, (firstRow, rows) =>
    {
        var begin = firstRow * tensor.Shape[^1];
        foreach (var (part, own, first, count) in tensor.Stored.Ranges())
        {
            long from = Math.Max(begin, first), to = Math.Min(begin + rows.Length, first + count);
            if (from < to)
                Read(part.Parameter, own + from - first, rows[(int)(from - begin)..(int)(to - begin)]);
        }
    }, tensor.Stored.Parts.Any(part => architecture.Turns(part.Parameter.Role)) ? checkpoint.Config.HeadDim : 1);

    private void Read(Parameter parameter, long firstElement, Span<float> rows)
    {
        var role = parameter.Role == ParameterRole.Head && checkpoint.Config.TiedEmbeddings ? ParameterRole.Embedding : parameter.Role;
        var name = checkpoint.Family.NameOf(parameter with { Role = role });
        if (architecture.Turns(role))
        {
            var halves = ArrayPool<float>.Shared.Rent(rows.Length);
            checkpoint.ReadFloat32(name, firstElement, halves.AsSpan(0, rows.Length));
            HeadOrder.Interleave(halves.AsSpan(0, rows.Length), rows, checkpoint.Config.HeadDim,
                ParameterSpec.Of(role).Shape(checkpoint.Config) is [_, var width] ? (int)width : 1);
            ArrayPool<float>.Shared.Return(halves);
        }
        else if (ValueHeadOrder.Of(role, checkpoint.Config, architecture) is { } order)
            for (var (done, count) = (0, 0); done < rows.Length; done += count)
            {
                count = Math.Min(rows.Length - done, order.Run(firstElement + done));
                checkpoint.ReadFloat32(name, order.Grouped(firstElement + done), rows.Slice(done, count));
            }
        else
            checkpoint.ReadFloat32(name, firstElement, rows);

        if (architecture.Shift(role) is var shift and not 0)
            foreach (ref var weight in rows)
                weight += shift;
        if (architecture.Factor(role, checkpoint.Config) is var factor and not 1)
            foreach (ref var weight in rows)
                weight = (float)(weight * factor);
        GgufArchitecture.Encode(role, rows);
    }
}
