using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Quantized;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Tests.Checkpoints.Quantized;

/// <summary>Folders of quantised weights beside what they mean (<c>tests/golden/quantized</c>).</summary>
public sealed class QuantizedImporterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Forms =>
        [.. Directory.GetDirectories(Fixtures.Golden("quantized")).Select(static path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_weight_is_what_the_program_that_stored_it_means(string form)
    {
        var source = Fixtures.Golden("quantized", form);
        using var imported = Import(source);
        using var expected = SafetensorsFile.Open(Path.Combine(source, "expected.safetensors"));
        using var stored = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));

        Assert.Equal(form == "mxfp4" ? ElementType.BF16 : ElementType.F32, imported.StoredType);
        Assert.False(imported.RawConfig.ContainsKey("quantization_config"));
        foreach (var name in imported.Entries.Keys)
            if (expected.Entries.ContainsKey(name))
                Assert.All(expected.ReadFloat32(name).Zip(imported.ReadFloat32(name)), pair =>
                    Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 2.5e-7f * Math.Abs(pair.First) + 1e-9f));
            else
                Assert.Equal(stored.ReadFloat32(name), imported.ReadFloat32(name));
        Assert.Equal(form == "mxfp4" ? 2 : 7, expected.Entries.Count);
    }

    [Theory]
    [InlineData("gptq-4", "bits", "3", "2, 4 and 8 are supported")]
    [InlineData("gptq-4", "checkpoint_format", "\"marlin\"", "gptq and gptq_v2 are supported")]
    [InlineData("gptq-4", "group_size", "8", "'model.layers.0.mlp.down_proj.qzeros' is I32 [4, 4], [8, 4] was expected from config.json")]
    [InlineData("awq", "version", "\"gemv\"", "only AWQ version gemm is supported")]
    [InlineData("awq", "quant_method", "\"hqq\"", "this method is not supported; known: awq, bitsandbytes")]
    [InlineData("fp8-block", "quant_method", "\"quark\"", "quant_method is \"quark\"; this method is not supported;")]
    [InlineData("fp8-block", "weight_block_size", "[8, 8]",
        "a matrix of 32 outputs and 64 inputs has 4 x 8 such blocks: one of the two is wrong")]
    [InlineData("fp8-block", "fmt", "\"e5m2\"", "quantization_config.fmt is \"e5m2\"; ")]
    [InlineData("gptq-4", "group_size", "17", "quantization_config.group_size is 17; ")]
    [InlineData("gptq-8-order", "group_size", "9", "quantization_config.group_size is 9; ")]
    [InlineData("awq", "group_size", "24", "which is not a multiple of the group size 24: one of the two is wrong")]
    [InlineData("mxfp4", "bits", "8", "quantization_config.bits is 8; MXFP4 has 4")]
    [InlineData("mxfp4", "group_size", "16", "quantization_config.group_size is 16; MXFP4 has groups of 32")]
    [InlineData("bytes", "quant_method", "\"mxfp4\"", "quantization_config.quant_method is \"mxfp4\"; no tensor of")]
    [InlineData("bytes", "quant_method", "\"fp8\"", "is stored that way: they are ")]
    [InlineData("bytes", "load_in_4bit", "true", "quantization_config.load_in_4bit is true; ")]
    [InlineData("nf4", "load_in_4bit", "false", "quantization_config.load_in_4bit is false; ")]
    [InlineData("nf4", "bnb_4bit_quant_type", "\"fp4\"", "quantization_config.bnb_4bit_quant_type is \"fp4\"; ")]
    [InlineData("compressed-int", "format", "\"float-quantized\"", "quantization_config.format is \"float-quantized\"; ")]
    [InlineData("compressed-packed", "format", "\"int-quantized\"", "mlp.down_proj.weight_packed' is packed: one of the two is wrong")]
    [InlineData("compressed-int", "format", "\"marlin-24\"", "supported compressed-tensors formats: pack-quantized")]
    [InlineData("bytes", "quant_method", "\"gptq\"", "bits is missing")]
    [InlineData("modelopt-nvfp4", "quant_algo", "\"W4A8_AWQ\"", "supported ModelOpt formats: FP8 and NVFP4")]
    [InlineData("modelopt-nvfp4", "group_size", "32", "NVFP4 with groups of 16 is supported")]
    [InlineData("compressed-nvfp4", "format", "\"mxfp4-pack-quantized\"",
        "group_0.weights.group_size is 16; mxfp4-pack-quantized has groups of 32")]
    [InlineData("compressed-mxfp4", "format", "\"nvfp4-pack-quantized\"",
        "group_0.weights.group_size is 32; nvfp4-pack-quantized has groups of 16")]
    public void What_is_not_read_is_refused_by_name(string form, string field, string value, string message)
    {
        var source = Changed(form, config => config["quantization_config"]![field] = JsonNode.Parse(value));
        var error = Assert.Throws<EspalierException>(() => Import(source));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Of("imported")));
    }

    [Theory]
    [InlineData("compressed-packed", "group_size", "32", "config_groups.group_0.weights.group_size is 32; ")]
    [InlineData("compressed-float", "num_bits", "4", "config_groups.group_0.weights.num_bits is 4; ")]
    public void What_groups_of_layers_say_is_held_against_the_tensors(string form, string field, string value, string message)
    {
        var source = Changed(form, config =>
            config["quantization_config"]!["config_groups"]!["group_0"]!["weights"]![field] = JsonNode.Parse(value));
        Assert.Contains(message, Assert.Throws<EspalierException>(() => Import(source)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_nothing_asked_for_prevents_the_folder()
    {
        // Of two layers the config knows one.
        var source = Changed("awq", static _ => { });
        using (var tensors = SafetensorsFile.Open(Path.Combine(source, "model.safetensors")))
        {
            TensorSpec[] specs = [.. tensors.Entries.Values.Select(entry => new TensorSpec(entry.Name, entry.Type, entry.Shape)),
                new("model.layers.1.mlp.up_proj.qweight", ElementType.I32, [1])];
            SafetensorsWriter.Write(_folder.Of("more"), SafetensorsLayout.Plan(specs), (entry, offset, bytes) =>
            {
                if (tensors.Entries.ContainsKey(entry.Name))
                    tensors.Read(tensors.Entry(entry.Name), offset, bytes);
            });
        }

        File.Move(_folder.Of("more"), Path.Combine(source, "model.safetensors"), overwrite: true);
        var error = Assert.Throws<EspalierException>(() => Import(source));
        Assert.Contains("1 tensors have no place in a model of the family llama: model.layers.1.mlp.up_proj.qweight", error.Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Of("imported")));
    }

    [Fact]
    public void Opened_as_a_model_it_names_the_way_out()
    {
        var source = Fixtures.Golden("quantized", "awq");
        var error = Assert.Throws<EspalierException>(() => Checkpoint.Open(source));
        Assert.Contains($"espalier import {source} --output FOLDER", error.Message, StringComparison.Ordinal);
        var plain = Assert.Throws<EspalierException>(() => QuantizedImporter.Open(Fixtures.Golden("families", "qwen2")));
        Assert.Contains("its weights are not quantised", plain.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x7e, 448)]
    [InlineData(0x01, 1.0 / 512)]
    [InlineData(0x08, 1.0 / 64)]
    [InlineData(0xb8, -1)]
    [InlineData(0x00, 0)]
    public void Floats_of_eight_bits_are_those_of_the_paper(byte bits, double value) =>
        Assert.Equal((float)value, Float8.Value(ElementType.F8_E4M3, bits));

    private Checkpoint Import(string source)
    {
        using var importer = QuantizedImporter.Open(source);
        importer.Write(_folder.Of("imported"), importer.ExactType);
        return Checkpoint.Open(_folder.Of("imported"));
    }

    private string Changed(string form, Action<JsonNode> change)
    {
        var copy = _folder.Of("source");
        Directory.CreateDirectory(copy);
        File.Copy(Path.Combine(Fixtures.Golden("quantized", form), "model.safetensors"), Path.Combine(copy, "model.safetensors"));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Fixtures.Golden("quantized", form), "config.json")))!;
        change(config);
        File.WriteAllText(Path.Combine(copy, "config.json"), config.ToJsonString());
        return copy;
    }
}
