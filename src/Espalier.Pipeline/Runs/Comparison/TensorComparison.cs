using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Pipeline.Runs.Comparison;

/// <summary>Two safetensors files tensor by tensor: by bits, or by value and then over different element types, too.</summary>
internal static class TensorComparison
{
    private const int ChunkElements = 1 << 16;

    public static void Run(string name, string a, string b, ComparisonTally tally, CancellationToken stop)
    {
        using var fileA = SafetensorsFile.Open(a);
        using var fileB = SafetensorsFile.Open(b);
        foreach (var tensor in fileA.Entries.Keys.Union(fileB.Entries.Keys).Order(StringComparer.Ordinal))
        {
            stop.ThrowIfCancellationRequested();
            tally.Tensors++;
            if (!fileA.Entries.TryGetValue(tensor, out var entryA) || !fileB.Entries.TryGetValue(tensor, out var entryB))
                tally.Differ(
                    new(name, $"tensor {tensor}", fileA.Entries.ContainsKey(tensor) ? "there" : "missing", fileB.Entries.ContainsKey(tensor)
                        ? "there" : "missing")
                    { Tensor = tensor });
            else if (!entryA.Shape.AsSpan().SequenceEqual(entryB.Shape))
                tally.Differ(new(name, $"tensor {tensor}, shape", Text(entryA.Shape), Text(entryB.Shape)) { Tensor = tensor });
            else if (entryA.Type != entryB.Type && (tally.Options.Exact || !entryA.Type.IsWeight() || !entryB.Type.IsWeight()))
                tally.Differ(new(name, $"tensor {tensor}, type", entryA.Type.Name(), entryB.Type.Name()) { Tensor = tensor });
            else if (tally.Options.Exact || !entryA.Type.IsWeight())
                Bits(name, fileA, entryA, fileB, entryB, tally);
            else
                Values(name, fileA, entryA, fileB, entryB, tally);
            if (tally.IsDecided)
                return;
        }
    }

    private static void Bits(string name, SafetensorsFile a, TensorEntry entryA, SafetensorsFile b, TensorEntry entryB,
        ComparisonTally tally)
    {
        var (bytesA, bytesB) = (new byte[ChunkElements], new byte[ChunkElements]);
        for (var done = 0L; done < entryA.ByteLength; done += ChunkElements)
        {
            var count = (int)Math.Min(ChunkElements, entryA.ByteLength - done);
            a.Read(entryA, done, bytesA.AsSpan(0, count));
            b.Read(entryB, done, bytesB.AsSpan(0, count));
            var equal = bytesA.AsSpan(0, count).CommonPrefixLength(bytesB.AsSpan(0, count));
            if (equal == count)
                continue;
            var element = (done + equal) * 8 / entryA.Type.Bits();
            var (first, size) = (element * entryA.Type.Bits() / 8, Math.Max(1, entryA.Type.Bits() / 8));
            string Show(SafetensorsFile file, TensorEntry entry)
            {
                var bits = new byte[size];
                file.Read(entry, first, bits);
                Array.Reverse(bits);
                var hex = $"0x{Convert.ToHexStringLower(bits)}";
                return entry.Type.IsWeight() ? $"{Text(ValuesOf(file, entry, element, 1)[0])} ({hex})" : hex;
            }
            tally.Differ(new(name, Place(entryA, element), Show(a, entryA), Show(b, entryB)) { Tensor = entryA.Name, Element = element });
            return;
        }
    }

    private static void Values(string name, SafetensorsFile a, TensorEntry entryA, SafetensorsFile b, TensorEntry entryB,
        ComparisonTally tally)
    {
        var (largest, at) = (0.0, 0L);
        for (var done = 0L; done < entryA.Elements; done += ChunkElements)
        {
            var count = (int)Math.Min(ChunkElements, entryA.Elements - done);
            var (valuesA, valuesB) = (ValuesOf(a, entryA, done, count), ValuesOf(b, entryB, done, count));
            for (var i = 0; i < count; i++)
            {
                var distance = Distance(valuesA[i], valuesB[i]);
                if (distance > largest)
                    (largest, at) = (distance, done + i);
                if (distance > tally.Options.Tolerance)
                    tally.Differ(
                        new(name, Place(entryA, done + i), Text(valuesA[i]), Text(valuesB[i]))
                        {
                            Tensor = entryA.Name,
                            Element = done + i
                        });
            }
        }
        if (largest > 0)
            tally.Distances.Add(new(name, entryA.Name, largest, at));
    }

    /// <summary>Two that are no numbers are equal; one that is none is infinitely far from any that is.</summary>
    private static double Distance(double a, double b) => a.Equals(b) || a == b ? 0
        : Math.Abs(a - b) is var distance && double.IsNaN(distance) ? double.PositiveInfinity : distance;

    private static double[] ValuesOf(SafetensorsFile file, TensorEntry entry, long first, int count)
    {
        var values = new double[count];
        if (entry.Type == ElementType.F64)
        {
            file.Read(entry, first * sizeof(double), System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }
        var single = new float[count];
        file.ReadFloat32(entry, first, single);
        for (var i = 0; i < count; i++)
            values[i] = single[i];
        return values;
    }

    private static string Place(TensorEntry entry, long element) =>
        string.Create(CultureInfo.InvariantCulture, $"tensor {entry.Name}, element {element}");

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";
}
