using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Gguf;

namespace Espalier.Tests.Checkpoints;

/// <summary>Promise R22: a value that the target type cannot hold is refused with tensor, place and value.</summary>
public sealed class NarrowingTests
{
    /// <summary>
    /// The first bits that are infinity, found one after the other around both limits, against the vectorised search in every lane.
    /// </summary>
    [Theory]
    [InlineData(ElementType.F16)]
    [InlineData(ElementType.BF16)]
    public void What_does_not_fit_is_what_narrowing_makes_infinite(ElementType type)
    {
        float[] samples =
        [
            0, -0f, 1, 65503.99f, 65504, 65519.99f, 65519.996f, 65520, 65520.01f, 65536, 70000, 3.3e38f, float.MaxValue,
            .. Enumerable.Range(0x7f7f7ff0, 32).Select(bits => BitConverter.UInt32BitsToSingle((uint)bits)), float.PositiveInfinity,
            float.NaN, float.Epsilon,
        ];
        foreach (var sample in samples.Concat(samples.Select(value => -value)))
        {
            var stored = new byte[2];
            ElementConversion.FromFloat32(type, [sample], stored);
            var back = new float[1];
            ElementConversion.ToFloat32(type, stored, back);
            for (var (length, place) = (1, 0); length < 40; length += 3, place = length / 2)
            {
                var values = new float[length];
                values[place] = sample;
                Assert.True((float.IsFinite(back[0]) ? -1 : place) == ElementConversion.IndexOfUnfit(type, values),
                    $"{sample:R} at {place} of {length}");
            }
        }
    }

    [Theory]
    [InlineData(ElementType.F16, 65520f, "65504")]
    [InlineData(ElementType.F16, -1e9f, "65504")]
    [InlineData(ElementType.BF16, 3.4e38f, "3.38953139E+38")]
    public void A_value_beyond_the_type_is_refused_by_tensor_place_and_value_or_clamped(ElementType type, float value, string most)
    {
        var values = new float[100];
        values[42] = value;
        var bytes = new byte[200];
        var error = Assert.Throws<EspalierException>(() => new Narrowing().Write("model.norm.weight", 1000, type, values, bytes));
        Assert.Contains(
            "tensor model.norm.weight: element 1042 is " + value.ToString("G9", System.Globalization.CultureInfo.InvariantCulture),
            error.Message);
        Assert.Contains(most, error.Message);

        var narrowing = new Narrowing(clamp: true);
        narrowing.Write("model.norm.weight", 1000, type, values, bytes);
        var back = new float[100];
        ElementConversion.ToFloat32(type, bytes, back);
        Assert.Equal(MathF.CopySign(ElementConversion.Largest(type), value), back[42]);
        Assert.Equal(1, narrowing.Clamped["model.norm.weight"]);
        Assert.Contains("model.norm.weight (1)", narrowing.Warning);
        Assert.Equal(value, values[42]);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void What_is_not_finite_is_never_clamped(float value) => Assert.Contains("element 1 ", Assert.Throws<EspalierException>(
        () => new Narrowing(clamp: true).Write("w", 0, ElementType.F16, [70000, value], new byte[4])).Message);

    [Fact]
    public void A_folder_with_a_value_beyond_its_type_is_not_written()
    {
        var folder = Directory.CreateTempSubdirectory("espalier-test-").FullName;
        using var source = Checkpoint.Open(Fixtures.Golden("families/mistral"));
        var error =
            Assert.Throws<EspalierException>(() =>
                CheckpointWriter.Write(Path.Combine(folder, "f16"), source.Config, source, ElementType.F16, new OneLarge(source)));
        Assert.Contains("model.norm.weight: element 3 is 100000", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
        CheckpointWriter.Write(Path.Combine(folder, "f16"), source.Config, source, ElementType.F16, new OneLarge(source),
            new() { Narrowing = new(clamp: true) });
        using (var written = Checkpoint.Open(Path.Combine(folder, "f16")))
            Assert.Equal(65504, written.ReadFloat32("model.norm.weight")[3]);
        CheckpointWriter.Write(Path.Combine(folder, "bf16"), source.Config, source, ElementType.BF16, new OneLarge(source));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(GgufType.F16, 70000f, 65504f)]
    [InlineData(GgufType.BF16, 3.4e38f, 3.3895314e38f)]
    [InlineData(GgufType.Q8_0, 1e7f, 65504f * 127)]
    internal void Gguf_names_row_column_and_value_or_clamps(GgufType type, float value, float most)
    {
        var folder = Directory.CreateTempSubdirectory("espalier-test-").FullName;
        var file = Path.Combine(folder, "x.gguf");
        var tensor = new GgufTensorSource("blk.0.ffn_up.weight", type, [4, 32], (first, rows) =>
        {
            rows.Fill(1);
            if (first <= 2 && 2 < first + rows.Length / 32)
                rows[(int)(2 - first) * 32 + 5] = value;
        });
        var error = Assert.Throws<EspalierException>(() => GgufWriter.Write(file, Metadata(), [tensor]));
        Assert.Contains(
            "blk.0.ffn_up.weight: row 2, column 5 is " + value.ToString("G9", System.Globalization.CultureInfo.InvariantCulture),
            error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
        GgufWriter.Write(file, Metadata(), [tensor], clamp: true);
        // The tensor's end is padded to 32 bytes.
        var (length, padded) = ((int)type.RowBytes(4 * 32), ((int)type.RowBytes(4 * 32) + 31) / 32 * 32);
        var bytes = File.ReadAllBytes(file).AsSpan()[^padded..][..length];
        var weights = new float[4 * 32];
        GgufEncoding.Decode(type, bytes, weights);
        Assert.Equal(most, weights[2 * 32 + 5]);
        Directory.Delete(folder, recursive: true);
    }

    private static GgufMetadata Metadata()
    {
        var metadata = new GgufMetadata();
        metadata.Add("general.architecture", "llama");
        return metadata;
    }

    private sealed class OneLarge(ITensorSource source) : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination)
        {
            source.Fill(name, firstElement, destination);
            if (name == "model.norm.weight" && firstElement <= 3 && 3 < firstElement + destination.Length)
                destination[(int)(3 - firstElement)] = 100_000;
        }
    }
}
