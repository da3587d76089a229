using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;

namespace Espalier.Models.Checkpoints;

/// <summary>Fills the tensors that a checkpoint stores from a source that knows parameters.</summary>
internal sealed class FusedSource(IEnumerable<StoredTensor> tensors, ITensorSource parameters) : ITensorSource
{
    private readonly Dictionary<string, StoredTensor> _tensors = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    // The expert that was written last: rows of a matrix lie across all of it where it is transposed.
    private (string Name, long Expert, float[] Elements) _last = ("", 0, []);

    public void Fill(string name, long firstElement, Span<float> destination)
    {
        var tensor = _tensors[name];
        if (tensor.IsTransposed)
        {
            FillExperts(tensor, firstElement, destination);
            return;
        }

        foreach (var (part, from, first, count) in tensor.Ranges())
        {
            if (destination.IsEmpty || firstElement >= first + count)
                continue;
            var values = destination[..(int)Math.Min(destination.Length, first + count - firstElement)];
            parameters.Fill(part.Name, from + firstElement - first, values);
            firstElement += values.Length;
            destination = destination[values.Length..];
        }
    }

    private void FillExperts(StoredTensor tensor, long firstElement, Span<float> destination)
    {
        while (!destination.IsEmpty)
        {
            var (expert, within) = Math.DivRem(firstElement, tensor.OfExpert);
            if (_last.Name != tensor.Name || _last.Expert != expert)
                _last = (tensor.Name, expert, Expert(tensor, expert));
            var values = destination[..(int)Math.Min(destination.Length, tensor.OfExpert - within)];
            _last.Elements.AsSpan((int)within, values.Length).CopyTo(values);
            firstElement += values.Length;
            destination = destination[values.Length..];
        }
    }

    private float[] Expert(StoredTensor tensor, long expert)
    {
        var (elements, own) = (new float[tensor.OfExpert], new float[StoredTensor.ElementsOf(tensor.Parts[0])]);
        foreach (var part in tensor.Parts.Where(part => part.Parameter.Expert == expert))
        {
            parameters.Fill(part.Name, 0, own);
            var place = tensor.PlaceOf(part);
            var first = place.First - expert * elements.LongLength;
            for (var row = 0; row < place.Rows; row++)
                for (var column = 0; column < place.Columns; column++)
                    elements[first + row * place.RowStep + column * place.ColumnStep] = own[row * place.Columns + column];
        }

        return elements;
    }
}
