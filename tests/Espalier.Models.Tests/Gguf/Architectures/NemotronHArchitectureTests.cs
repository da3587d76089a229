using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Gguf.Import;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Architectures;

/// <summary>
/// Files of hybrids as llama.cpp's loader of <c>nemotron_h</c> asks for them: lists by layer, and the tensors of its state-space mixers in
/// the shapes and with the values that it has them in.
/// </summary>
public sealed class NemotronHArchitectureTests : IDisposable
{
    private static readonly string s_golden = Fixtures.Golden("families", "nemotron-h");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lists_say_what_each_layer_is()
    {
        using var file = Export(s_golden, GgufFormat.F32);
        uint Key(string key) => file.Metadata.Get<uint>($"nemotron_h.{key}");
        // mamba, mlp, mamba, attention, mlp, mamba
        Assert.Equal([0u, 0u, 0u, 2u, 0u, 0u], file.Metadata.Get<uint[]>("nemotron_h.attention.head_count_kv"));
        Assert.Equal([0u, 96u, 0u, 0u, 96u, 0u], file.Metadata.Get<uint[]>("nemotron_h.feed_forward_length"));
        Assert.Equal((4u, 60u, 12u, 6u, 2u), (Key("ssm.conv_kernel"), Key("ssm.inner_size"), Key("ssm.state_size"),
            Key("ssm.time_step_rank"), Key("ssm.group_count")));
        Assert.Equal((1e-5f, 1e-5f), (file.Metadata.Get<float>("nemotron_h.attention.layer_norm_rms_epsilon"),
            file.Metadata.Get<float>("nemotron_h.attention.layer_norm_epsilon")));
        Assert.DoesNotContain(file.Metadata, pair => pair.Key.Contains(".rope.", StringComparison.Ordinal));
        Assert.Equal(["attn_k", "attn_norm", "attn_output", "attn_q", "attn_v"], file.Tensors.Select(tensor => tensor.Name)
            .Where(name => name.StartsWith("blk.3.", StringComparison.Ordinal)).Select(name => name[6..^7]).Order());
    }

    [Theory]
    [InlineData(GgufFormat.F32)]
    [InlineData(GgufFormat.F16)]
    [InlineData(GgufFormat.BF16)]
    [InlineData(GgufFormat.Q8_0)]
    [InlineData(GgufFormat.Q4_K_M)]
    internal void What_belongs_to_the_scan_is_float32_in_its_shapes(GgufFormat format)
    {
        using var source = Checkpoint.Open(s_golden);
        using var file = Export(s_golden, format);
        float[] Of(string name) => source.ReadFloat32($"backbone.layers.2.mixer.{name}");
        Check("ssm_a", [6, 1], [.. Of("A_log").Select(log => -MathF.Exp(log))]);
        Check("ssm_d", [6, 1], Of("D"));
        Check("ssm_dt.bias", [6], Of("dt_bias"));
        Check("ssm_conv1d.weight", [108, 4], Of("conv1d.weight"));
        Check("ssm_conv1d.bias", [108], Of("conv1d.bias"));
        Check("ssm_norm.weight", [2, 30], Of("norm.weight"));
        // Rows of 48 and of 60 are no whole blocks.
        var matrices = format switch { GgufFormat.F32 => GgufType.F32, GgufFormat.BF16 => GgufType.BF16, _ => GgufType.F16 };
        Assert.Equal((matrices, matrices), (file["blk.2.ssm_in.weight"].Type, file["blk.2.ssm_out.weight"].Type));
        Assert.Equal([174, 48], file["blk.2.ssm_in.weight"].Shape);
        Assert.Equal(file.Tensors.Sum(tensor => tensor.Bytes), GgufExporter.Bytes(source.Family, source.Config, format));

        void Check(string name, long[] shape, float[] expected)
        {
            var tensor = file[$"blk.2.{name}"];
            Assert.Equal(GgufType.F32, tensor.Type);
            Assert.Equal(shape, tensor.Shape);
            Assert.Equal(expected, file.ReadFloat32(tensor.Name));
        }
    }

    /// <summary>Of the mixtures' eighths and thirds the layers count that have such a matrix, as llama.cpp counts them.</summary>
    [Fact]
    public void Mixtures_go_by_the_layers_that_have_the_matrix()
    {
        var config = Read(Raw("nemotron-h"));
        // Sixteen layers, of which every other one is a feed-forward block: as if there were eight.
        var layers = config
            with
        { Layers = 16, LayerKinds = config.LayerKinds.At(Enumerable.Repeat(new[] { 0, 1 }, 8).SelectMany(x => x)) };
        Assert.Equal([0, 3, 6, 7], Enumerable.Range(0, 8).Where(i =>
            GgufFormat.Q4_K_M.TypeOf(new(ParameterRole.DownProjection, 2 * i + 1), layers) == GgufType.Q6_K));
    }

    /// <summary>Some versions of llama.cpp add the convolution's bias without asking whether there is one.</summary>
    [Fact]
    public void A_convolution_without_a_bias_has_one_of_zeros_and_is_read_back()
    {
        var raw = Raw("nemotron-h-tied");
        raw["use_bias"] = false;
        var config = Read(raw);
        using var golden = Checkpoint.Open(Fixtures.Golden("families", "nemotron-h-tied"));
        CheckpointWriter.Write(_folder.Of("model"), config, new ModelHead(new NemotronH(), raw, null, []), ElementType.F32,
            new Copied(golden));
        var path = _folder.Of("model.gguf");
        GgufExporter.Export(_folder.Of("model"), path, GgufFormat.F32);
        using (var file = GgufFile.Open(path))
            Assert.Equal(new float[63 + 2 * 15], file.ReadFloat32("blk.1.ssm_conv1d.bias"));
        using (var importer = GgufImporter.Open(path))
            importer.Write(_folder.Of("again"), ElementType.F32);
        using var again = Checkpoint.Open(_folder.Of("again"));
        Assert.True(again.Config.Mamba.ConvolutionBias);
        Assert.Equal(config.LayerKinds, again.Config.LayerKinds);
        Assert.All(again.ReadFloat32("backbone.layers.1.mixer.conv1d.bias"), value => Assert.Equal(0, value));
        Assert.Equal(golden.ReadFloat32("backbone.layers.3.mixer.conv1d.weight"),
            again.ReadFloat32("backbone.layers.3.mixer.conv1d.weight"));
        using (var file = GgufFile.Open(path))
        using (GgufDecoder.Load(file, config))
        {
        }
    }

    [Fact]
    public void What_llama_cpp_does_not_compute_of_a_mixer_is_refused()
    {
        Assert.Contains("has no place for MambaGateProjectionBias", Refused(Read(Raw("nemotron-h-tied"))), StringComparison.Ordinal);
        var config = Read(Raw("nemotron-h"));
        Assert.Contains("has no step limits; this model's steps (time_step_limit) are from 0.01 to 1",
            Refused(config with { Mamba = config.Mamba with { LeastStep = 0.01, MostStep = 1 } }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 0u, 0u, 0u, 2u, 0u }, "is a list of 5, but the model has 6 layers")]
    [InlineData(new[] { 0u, 4u, 0u, 2u, 0u, 0u }, "has 4, 2 in different layers, but only layers of the same size are supported")]
    [InlineData(new[] { 0u, 2u, 0u, 2u, 0u, 0u }, "was read as a list of 6")]
    public void Lists_that_say_what_no_config_can_are_refused(uint[] heads, string expected)
    {
        using var file = Export(s_golden, GgufFormat.F32);
        var metadata = new GgufMetadata();
        foreach (var (name, value) in file.Metadata)
            metadata.Add(name, name.EndsWith("head_count_kv", StringComparison.Ordinal) ? heads : value);
        var changed = _folder.Of("changed.gguf");
        GgufWriter.Write(changed, metadata, [.. file.Tensors.Select(tensor =>
            new GgufTensorSource(tensor.Name, tensor.Type, [.. tensor.Shape], (row, rows) => file.ReadRows(tensor, row, rows)))]);
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => GgufImporter.Open(changed)).Message, StringComparison.Ordinal);
    }

    private static string Refused(DecoderConfig config) =>
        Assert.Throws<EspalierException>(() => GgufArchitectures.For(config, "folder")).Message;

    private static JsonObject Raw(string family) => JsonFile.Read(Fixtures.Golden("families", family, "config.json"));

    private static DecoderConfig Read(JsonObject raw) => new NemotronH().ReadConfig(raw, "config.json");

    private GgufFile Export(string source, GgufFormat type)
    {
        var path = _folder.Of($"{type}.gguf");
        GgufExporter.Export(source, path, type);
        return GgufFile.Open(path);
    }

    private sealed class Copied(Checkpoint source) : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination) =>
            source.ReadFloat32(name, firstElement, destination);
    }
}
