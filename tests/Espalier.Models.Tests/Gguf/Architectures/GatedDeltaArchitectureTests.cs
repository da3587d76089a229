using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Gguf.Import;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Architectures;

/// <summary>Files of models with linear attention as llama.cpp's loaders of <c>qwen35</c> and <c>qwen3next</c> ask for them.</summary>
public sealed class GatedDeltaArchitectureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Value_heads_of_qwen35_stand_key_head_by_key_head()
    {
        Write("qwen3-5", "5");
        using var source = Checkpoint.Open(_folder.Of("model"));
        using var file = GgufFile.Open(_folder.Of("model.gguf"));
        float[] Of(string name) => source.ReadFloat32($"model.layers.1.linear_attn.{name}");
        // Two key heads with two value heads each: 0 and 1, 2 and 3. There the firsts of both come first.
        int[] heads = [0, 2, 1, 3];
        Assert.Equal(heads.Select(head => -MathF.Exp(Of("A_log")[head])), file.ReadFloat32("blk.1.ssm_a"));
        Assert.Equal(heads.Select(head => Of("dt_bias")[head]), file.ReadFloat32("blk.1.ssm_dt.bias"));
        Assert.Equal(heads.SelectMany(head => Of("in_proj_b.weight")[(head * 48)..(head * 48 + 48)]),
            file.ReadFloat32("blk.1.ssm_beta.weight"));
        Assert.Equal(heads.SelectMany(head => Of("in_proj_z.weight")[(head * 576)..(head * 576 + 576)]),
            file.ReadFloat32("blk.1.attn_gate.weight"));
        // Queries and keys, 24 channels of each, as they were; then the values.
        var convolution = Of("conv1d.weight");
        Assert.Equal([96L, 4L], file["blk.1.ssm_conv1d.weight"].Shape);
        Assert.Equal(convolution[..192].Concat(heads.SelectMany(head => convolution[(192 + head * 48)..(240 + head * 48)])),
            file.ReadFloat32("blk.1.ssm_conv1d.weight"));
        var output = Of("out_proj.weight");
        Assert.Equal(Enumerable.Range(0, 48).SelectMany(row => heads.SelectMany(head =>
            output[(row * 48 + head * 12)..(row * 48 + head * 12 + 12)])), file.ReadFloat32("blk.1.ssm_out.weight"));
        Assert.Equal(Of("norm.weight"), file.ReadFloat32("blk.1.ssm_norm.weight"));
        Assert.Equal([1u, 1u, 0u, 0u], file.Metadata.Get<uint[]>("qwen35.rope.dimension_sections"));
        Assert.Equal([1u, 1u, 0u, 1u, 0u], file.Metadata.Get<uint[]>("qwen35.attention.recurrent_layers"));
    }

    [Theory]
    [InlineData("qwen3-5", "qwen35")]
    [InlineData("qwen3-next", "qwen3next")]
    public void A_model_comes_back_as_it_was_exported(string family, string architecture)
    {
        Write(family, "again");
        using (var importer = GgufImporter.Open(_folder.Of("model.gguf")))
        {
            Assert.Equal(architecture, importer.Form);
            importer.Write(_folder.Of("back"), ElementType.F32);
        }
        using var before = Checkpoint.Open(_folder.Of("model"));
        using var after = Checkpoint.Open(_folder.Of("back"));
        Assert.Equal((before.Config.Delta, before.Config.Family), (after.Config.Delta, after.Config.Family));
        Assert.Equal(before.Config.LayerKinds, after.Config.LayerKinds);
        Assert.Equal(before.Entries.Keys.Order(), after.Entries.Keys.Order());
        foreach (var name in before.Entries.Keys)
        {
            // Norms have 1 added there, and decays their exponential, which costs the last bits.
            var lost = name.Contains("norm", StringComparison.Ordinal) || name.EndsWith("A_log", StringComparison.Ordinal) ? 1e-6f : 0;
            Assert.Equal(before.ReadFloat32(name), after.ReadFloat32(name), (a, b) => Math.Abs(a - b) <= lost);
        }
    }

    [Fact]
    public void A_rule_that_holds_is_written_as_an_interval()
    {
        var config = Read("qwen3-5");
        var metadata = new GgufMetadata();
        GgufArchitectures.For(config, "it").Describe(
            config with { Layers = 4, LayerKinds = config.LayerKinds.At([0, 2, 1, 4]) }, metadata);
        Assert.Equal(2u, metadata.Get<uint>("qwen35.full_attention_interval"));
        Assert.False(metadata.Contains("qwen35.attention.recurrent_layers"));
    }

    [Fact]
    public void Values_of_another_width_than_keys_and_biases_are_refused()
    {
        using var golden = Checkpoint.Open(Fixtures.Golden("families", "qwen3-5"));
        Assert.Contains("a value has 10 entries (linear_value_head_dim) and a key 12", Refused(golden.Config), StringComparison.Ordinal);
        Assert.Contains("has no place for QueryProjectionBias", Refused(Read("qwen3-5") with { QueryKeyValueBias = true }),
            StringComparison.Ordinal);
        Assert.Contains("add up to 1", Refused(Read("qwen3-next") with { NormalizesExpertWeights = false }), StringComparison.Ordinal);
    }

    private static string Refused(DecoderConfig config) =>
        Assert.Throws<EspalierException>(() => GgufArchitectures.For(config, "folder")).Message;

    private static JsonObject Raw(string family)
    {
        var raw = JsonFile.Read(Fixtures.Golden("families", family, "config.json"));
        (raw["linear_key_head_dim"], raw["linear_value_head_dim"]) = (12, 12);
        return raw;
    }

    private static DecoderConfig Read(string family)
    {
        var raw = Raw(family);
        return FamilyCatalog.For((string)raw["model_type"]!, "config.json").ReadConfig(raw, "config.json");
    }

    private void Write(string family, string seed)
    {
        var raw = Raw(family);
        CheckpointWriter.Write(_folder.Of("model"), Read(family),
            new ModelHead(FamilyCatalog.For((string)raw["model_type"]!, "config.json"), raw, null, []), ElementType.F32, new Numbers(seed));
        GgufExporter.Export(_folder.Of("model"), _folder.Of("model.gguf"), GgufFormat.F32);
    }

    // Each weight another one, by the parameter's name and the place in it.
    private sealed class Numbers(string seed) : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination)
        {
            var of = $"{seed}{name}".Aggregate(7, static (sum, letter) => (sum * 31 + letter) % 9973);
            for (var i = 0; i < destination.Length; i++)
                destination[i] = ((of + (firstElement + i) * 7919) % 10007 - 5003) / 8192f;
        }
    }
}
