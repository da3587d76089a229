using System.Runtime.InteropServices;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Tests;

/// <summary>Tensors of a golden safetensors file.</summary>
internal sealed class GoldenTensors(string path) : IDisposable
{
    private readonly SafetensorsFile _file = SafetensorsFile.Open(path);

    public IEnumerable<string> Names => _file.Entries.Keys;

    public bool Has(string name) => _file.Entries.ContainsKey(name);

    public long[] Shape(string name) => [.. _file.Entries[name].Shape];

    /// <summary>The values widened to double.</summary>
    public double[] Doubles(string name)
    {
        var entry = _file.Entries[name];
        if (entry.Type == ElementType.F64)
            return Raw<double>(name);
        if (entry.Type == ElementType.I64)
            return [.. Raw<long>(name).Select(v => (double)v)];
        return [.. _file.ReadFloat32(name).Select(v => (double)v)];
    }

    public long[] Longs(string name) => Raw<long>(name);

    public double Scalar(string name) => Doubles(name)[0];

    /// <summary>An Int64 tensor of ids.</summary>
    public Tensor Ids(string name) => Tensor.From<long>(Longs(name), Shape(name));

    /// <summary>A tensor of the wanted element type.</summary>
    public Tensor Tensor64(string name) => Tensor.From<double>(Doubles(name), Shape(name));

    public void Dispose() => _file.Dispose();

    /// <summary>Asserts |actual − expected| ≤ absolute + relative · |expected| for all entries.</summary>
    public static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double absolute, double relative,
        string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} entries, expected {expected.Length}");
        for (var i = 0; i < expected.Length; i++)
        {
            var allowed = absolute + relative * Math.Abs(expected[i]);
            Assert.True(Math.Abs(actual[i] - expected[i]) <= allowed,
                $"{what}[{i}]: {actual[i]:R}, expected {expected[i]:R} within {allowed:R}");
        }
    }

    public static double[] DoublesOf(Tensor tensor)
    {
        using var scope = TensorScope.Begin();
        return tensor.To(DType.Float64).ToArray<double>();
    }

    /// <summary>Opens a golden model folder and loads it for compute in <paramref name="dtype"/>.</summary>
    public static Decoder Load(string folder, DType dtype)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return DecoderWeights.Load(checkpoint, dtype);
    }

    private T[] Raw<T>(string name) where T : unmanaged
    {
        var entry = _file.Entries[name];
        var bytes = new byte[entry.ByteLength];
        _file.Read(entry, 0, bytes);
        return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
    }
}
