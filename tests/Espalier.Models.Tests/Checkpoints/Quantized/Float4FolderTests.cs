using Espalier.Models;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Quantized;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Tests.Checkpoints.Quantized;

/// <summary>Folders of floats of 4 bits that are broken.</summary>
public sealed class Float4FolderTests : IDisposable
{
    private const string Module = "model.layers.0.self_attn.q_proj", Experts = "model.layers.0.mlp.experts.gate_up_proj";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0.5)]
    [InlineData(2, 1)]
    [InlineData(3, 1.5)]
    [InlineData(4, 2)]
    [InlineData(5, 3)]
    [InlineData(6, 4)]
    [InlineData(7, 6)]
    public void The_numbers_of_four_bits_are_those_of_the_specification(int bits, double value)
    {
        Assert.Equal((float)value, Float4.Value(bits));
        Assert.Equal((float)-value, Float4.Value(bits | 8));
        Assert.True(float.IsNegative(Float4.Value(bits | 8)));
    }

    /// <summary>Goldens of the folder hold the values that are written so; its other tensors are bfloat16.</summary>
    [Theory]
    [InlineData("mxfp4", ElementType.BF16)]
    [InlineData("compressed-mxfp4", ElementType.F32)]
    [InlineData("compressed-nvfp4", ElementType.F32)]
    public void Powers_of_two_need_no_more_than_bfloat16(string form, ElementType exact)
    {
        using var importer = QuantizedImporter.Open(Fixtures.Golden("quantized", form));
        Assert.Equal(exact, importer.ExactType);
    }

    [Fact]
    public void A_power_that_stands_for_no_number_is_named()
    {
        var error = Broken("compressed-mxfp4", ".weight_scale", static bytes => bytes[3] = 255);
        Assert.Contains($"'{Module}.weight_scale': scale 3 is 255, which encodes no number", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_weight_beyond_float32_is_named()
    {
        var error = Broken("compressed-mxfp4", ".weight_scale", static bytes => bytes.AsSpan().Fill(254));
        Assert.Contains($"'{Module}.weight': weight ", error, StringComparison.Ordinal);
        Assert.Contains("Infinity", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("compressed-nvfp4", ".weight_global_scale", 0f)]
    [InlineData("compressed-nvfp4", ".weight_global_scale", float.NaN)]
    [InlineData("modelopt-nvfp4", ".weight_scale_2", float.PositiveInfinity)]
    public void A_scale_of_the_matrix_that_is_none_is_named(string form, string scale, float value)
    {
        var error = Broken(form, scale, bytes => BitConverter.TryWriteBytes(bytes, value));
        Assert.Contains($"'{Module}{scale}' is F32", error, StringComparison.Ordinal);
        Assert.Contains($"a number above 0 was expected, not {value}", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("compressed-mxfp4", ".weight_scale")]
    [InlineData("compressed-nvfp4", ".weight_global_scale")]
    [InlineData("modelopt-nvfp4", ".weight_scale_2")]
    public void A_scale_that_is_missing_is_named(string form, string scale)
    {
        var error = Broken(form, scale, null);
        Assert.Contains($"has no tensor '{Module}{scale}', which a quantised weight needs", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_power_of_an_expert_that_stands_for_no_number_is_named()
    {
        var error = Broken("mxfp4", "_scales", static bytes => bytes[^1] = 255, Experts);
        Assert.Contains($"'{Experts}_scales': scale 383 is 255, which encodes no number", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Scales_of_experts_that_are_missing_are_named()
    {
        var error = Broken("mxfp4", "_scales", null, Experts);
        Assert.Contains($"has no tensor '{Experts}_scales', which a quantised weight needs", error, StringComparison.Ordinal);
        error = Broken("mxfp4", "_blocks", null, Experts);
        Assert.Contains($"has no tensor '{Experts}', which a quantised weight needs", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Experts_of_another_shape_are_named_with_both()
    {
        var error = Broken("mxfp4", "", static _ => { }, Experts, static config => config["intermediate_size"] = 64);
        Assert.Contains("_blocks' is U8 [3, 64, 1, 16], [3, 64, 2, 16] was expected from config.json", error, StringComparison.Ordinal);
        error = Broken("mxfp4", "", static _ => { }, Experts, static config => config["intermediate_size"] = 40);
        Assert.Contains("_blocks' belongs to matrices of 40 inputs, which is not a multiple of the group size 32", error, StringComparison.Ordinal);
    }

    /// <summary>The error of a folder with one tensor of a module changed, or left out.</summary>
    private string Broken(string form, string suffix, Action<byte[]>? change, string module = Module,
        Action<JsonObject>? changeConfig = null)
    {
        if (Directory.Exists(_folder.Of("source")))
            Directory.Delete(_folder.Of("source"), recursive: true);
        var source = _folder.Of("source");
        Directory.CreateDirectory(source);
        var config = JsonFile.Read(Fixtures.Golden("quantized", form, "config.json"));
        changeConfig?.Invoke(config);
        File.WriteAllText(Path.Combine(source, "config.json"), config.ToJsonString());
        using (var tensors = SafetensorsFile.Open(Path.Combine(Fixtures.Golden("quantized", form), "model.safetensors")))
            SafetensorsWriter.Write(Path.Combine(source, "model.safetensors"),
                SafetensorsLayout.Plan([.. tensors.Entries.Values.Where(entry => change is not null || entry.Name != module + suffix)
                    .Select(static entry => new TensorSpec(entry.Name, entry.Type, entry.Shape))]),
                (entry, offset, bytes) =>
                {
                    var all = tensors.ReadBytes(entry.Name);
                    if (entry.Name == module + suffix)
                        change!(all);
                    all.AsSpan((int)offset, bytes.Length).CopyTo(bytes);
                });

        var error = Assert.Throws<EspalierException>(() =>
        {
            using var importer = QuantizedImporter.Open(source);
            importer.Write(_folder.Of("imported"), importer.ExactType);
        });
        Assert.False(Directory.Exists(_folder.Of("imported")));
        return error.Message;
    }
}
