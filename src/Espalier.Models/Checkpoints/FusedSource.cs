using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;

namespace Espalier.Models.Checkpoints;

/// <summary>Fills the tensors that a checkpoint stores from a source that knows parameters.</summary>
internal sealed class FusedSource(IEnumerable<StoredTensor> tensors, ITensorSource parameters) : ITensorSource
{
    private readonly Dictionary<string, StoredTensor> _tensors = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);

    public void Fill(string name, long firstElement, Span<float> destination)
    {
        foreach (var (part, from, first, count) in _tensors[name].Ranges())
        {
            if (destination.IsEmpty || firstElement >= first + count)
                continue;
            var values = destination[..(int)Math.Min(destination.Length, first + count - firstElement)];
            parameters.Fill(part.Name, from + firstElement - first, values);
            firstElement += values.Length;
            destination = destination[values.Length..];
        }
    }
}
