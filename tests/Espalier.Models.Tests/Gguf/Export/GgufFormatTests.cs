using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;
using Espalier.Models.Gguf.Export;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Export;

public sealed class GgufFormatTests : IDisposable
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // What llama_model_quantize of llama.cpp makes of the bundled teacher (8 layers, tied), as gguf-dump lists it.
    [Theory]
    [InlineData(GgufFormat.Q4_0, 2u, GgufType.Q4_0, GgufType.Q4_0, "")]
    [InlineData(GgufFormat.Q5_0, 8u, GgufType.Q5_0, GgufType.Q5_0, "")]
    [InlineData(GgufFormat.Q4_K_M, 15u, GgufType.Q4_K, GgufType.Q6_K, "0367")]
    [InlineData(GgufFormat.Q5_K_M, 17u, GgufType.Q5_K, GgufType.Q6_K, "0367")]
    [InlineData(GgufFormat.Q6_K, 18u, GgufType.Q6_K, GgufType.Q6_K, "")]
    internal void Mixtures_are_those_of_llama_cpp(GgufFormat format, uint number, GgufType main, GgufType more, string layers)
    {
        var path = _folder.Of("model.gguf");
        var errors = GgufExporter.Export(s_teacher, path, format);
        using var file = GgufFile.Open(path);

        Assert.Equal(number, file.Metadata.Get<uint>("general.file_type"));
        Assert.Equal(GgufType.Q6_K, file["token_embd.weight"].Type);
        Assert.Equal(GgufType.F32, file["blk.3.attn_norm.weight"].Type);
        for (var layer = 0; layer < 8; layer++)
        {
            foreach (var name in new[] { "attn_q", "attn_k", "attn_output", "ffn_gate", "ffn_up" })
                Assert.Equal(main, file[$"blk.{layer}.{name}.weight"].Type);
            foreach (var name in new[] { "attn_v", "ffn_down" })
                Assert.Equal(layers.Contains($"{layer}", StringComparison.Ordinal) ? more : main, file[$"blk.{layer}.{name}.weight"].Type);
        }

        // What is said of the error is what a reader of the file finds.
        using var source = Checkpoint.Open(s_teacher);
        var (weights, written) = (source.ReadFloat32("model.layers.3.mlp.up_proj.weight"), file.ReadFloat32("blk.3.ffn_up.weight"));
        var error = Math.Sqrt(weights.Zip(written, (a, b) => Math.Pow((double)a - b, 2)).Sum() / weights.Sum(a => (double)a * a));
        Assert.Equal(error, errors.Single(one => one.Tensor == "blk.3.ffn_up.weight").Error, 1e-12);
        Assert.InRange(error, main == GgufType.Q6_K ? 0.01 : 0.02, main is GgufType.Q4_0 or GgufType.Q4_K ? 0.09 : 0.05);
    }

    [Fact]
    public void Rows_that_are_no_whole_blocks_get_a_type_that_fits_and_it_is_said()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1")); // rows of 48 and 96
        GgufExporter.Export(source.Folder, _folder.Of("narrow.gguf"), GgufFormat.Q4_K_M);
        using var file = GgufFile.Open(_folder.Of("narrow.gguf"));
        Assert.Equal(GgufType.F16, file["blk.0.attn_q.weight"].Type);
        Assert.Equal(GgufType.Q8_0, file["blk.2.ffn_down.weight"].Type); // Q6_K was meant
        Assert.Equal(GgufType.Q5_0, file["blk.0.ffn_down.weight"].Type); // Q4_K was meant

        var notes = GgufExporter.Check(source.Config, source.Folder, "it", GgufFormat.Q4_K_M).ToArray();
        Assert.Contains(
            "q4_k_m: 2 tensors have rows of 48, not a multiple of q6_k's block of 256, and are stored as f16: blk.2.attn_v.weight, ...",
            notes);
        Assert.Contains(
            "q4_k_m: 2 tensors have rows of 96, not a multiple of q4_k's block of 256, and are stored as q5_0: blk.0.ffn_down.weight, ...",
            notes);
        Assert.Empty(GgufExporter.Check(source.Config, source.Folder, "it", GgufFormat.BF16).Skip(1));
    }

    [Fact]
    public void The_planned_bytes_are_those_of_the_file()
    {
        using var source = Checkpoint.Open(s_teacher);
        foreach (var format in new[] { GgufFormat.Q4_K_M, GgufFormat.Q5_0 })
        {
            GgufExporter.Export(s_teacher, _folder.Of("planned.gguf"), format);
            using var file = GgufFile.Open(_folder.Of("planned.gguf"));
            Assert.Equal(file.Tensors.Sum(tensor => tensor.Bytes), GgufExporter.Bytes(source.Family, source.Config, format));
        }
    }

    [Fact]
    public void Phis_fused_values_decide_for_the_tensor_that_they_are_in()
    {
        using var phi = Checkpoint.Open(Fixtures.Golden("families", "phi3"));
        var config = phi.Config
            with
        { HiddenSize = 256, IntermediateSize = 512, QueryHeads = 8, KeyValueHeads = 2, HeadDim = 32, Layers = 8 };
        var plan = GgufPlan.Of(FamilyCatalog.For("phi3", ""), config, GgufArchitectures.For(config, ""), GgufFormat.Q4_K_M)
            .ToDictionary(tensor => tensor.Stored.Name, tensor => tensor.Type);
        Assert.Equal((GgufType.Q6_K, GgufType.Q4_K), (plan["blk.0.attn_qkv.weight"], plan["blk.1.attn_qkv.weight"]));
        Assert.Equal((GgufType.Q4_K, GgufType.Q6_K), (plan["blk.0.ffn_up.weight"], plan["output.weight"]));
    }
}
