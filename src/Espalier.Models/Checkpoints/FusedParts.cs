using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;

namespace Espalier.Models.Checkpoints;

/// <summary>The parameters that are fused in a tensor of a file, each as ranges of the tensor's bytes.</summary>
internal static class FusedParts
{
    /// <summary>Where each part is, by its own name and shape.</summary>
    public static IEnumerable<TensorEntry> Of(TensorEntry entry, StoredTensor tensor)
    {
        var size = entry.Type.Bytes();
        if (tensor.IsTransposed)
            return tensor.Parts.Select(part => Part(part, tensor.PlaceOf(part)));
        var distance = entry.ByteLength / tensor.Units;
        return tensor.Ranges().Take(tensor.Parts.Count).Select(range => entry with
        {
            Name = range.Part.Name,
            Shape = range.Part.Shape,
            Offset = entry.Offset + range.First * size,
            ByteLength = range.Count * size * tensor.Units,
            Pieces = tensor.Units == 1 ? null : new(range.Count * size, distance),
        });

        TensorEntry Part(NamedParameter part, StoredLattice place) => entry with
        {
            Name = part.Name,
            Shape = part.Shape,
            Offset = entry.Offset + place.First * size,
            ByteLength = place.Rows * place.Columns * size,
            Lattice = new(place.Rows, place.Columns, place.RowStep, place.ColumnStep),
        };
    }
}
