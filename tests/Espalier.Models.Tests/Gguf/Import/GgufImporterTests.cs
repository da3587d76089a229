using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Gguf.Import;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Import;

public sealed class GgufImporterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // llama.cpp's qwen2moe and qwen3moe have experts in every layer, and its nemotron_h no biases of a mixer's projections, which is
    // refused of others; values of its linear attention are as wide as keys.
    public static TheoryData<string> Families => [.. Directory.GetDirectories(Fixtures.Golden("families"))
        .Select(static path => Path.GetFileName(path))
        .Where(static name => name is not ("qwen2-moe-mixed" or "qwen3-moe-mixed" or "nemotron-h-tied" or "gpt-oss-tied" or "qwen3-5"
            or "qwen3-5-tied" or "qwen3-next" or "qwen3-next-mixed"))
        .Order()];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_model_comes_back_as_it_was_exported(string family)
    {
        var source = Fixtures.Golden("families", family);
        using var before = Checkpoint.Open(source);
        using var after = Checkpoint.Open(Import(Export(source, GgufFormat.F32)));

        // A window that llama.cpp's llama does not have has shortened the context instead; the ids are those of a vocabulary of ids.
        Assert.Equal(
            before.Config with
            {
                Family = after.Config.Family,
                MaxPositions = after.Config.MaxPositions,
                LayerKinds = after.Config.LayerKinds,
                Rotary = after.Config.Rotary,
                BosTokenId = after.Config.BosTokenId,
                EosTokenIds = after.Config.EosTokenIds,
            }, after.Config);
        // Several lengths of Llama 3's scaling may stretch the few frequencies of a small head by the same factors.
        Assert.Equal(before.Config.Rotary with { Scaling = null }, after.Config.Rotary with { Scaling = null });
        Assert.Equal(RotaryFactors.Of(before.Config, GgufArchitectures.For(before.Config, source)),
            RotaryFactors.Of(after.Config, GgufArchitectures.For(after.Config, source)));
        Assert.Equal(LongFactors.Of(before.Config), LongFactors.Of(after.Config));
        Assert.Equal(before.Config.LongAfter, after.Config.LongAfter);
        Assert.Equal(before.Entries.Keys.Order(), after.Entries.Keys.Order());
        foreach (var name in before.Entries.Keys)
        {
            var (expected, actual) = (before.ReadFloat32(name), after.ReadFloat32(name));
            Assert.Equal(before.Entry(name).Shape, after.Entry(name).Shape);
            // An attention scale that llama.cpp has no key for lies in the queries, or in their norm.
            var architecture = GgufArchitectures.For(before.Config, source);
            if (before.Family.TryParse(name, out var parameter)
                && architecture.Factor(parameter.Role, before.Config) is var factor and not 1)
                expected = [.. expected.Select(weight =>
                    (float)((weight + architecture.Shift(parameter.Role)) * factor - architecture.Shift(parameter.Role)))];
            // llama.cpp stores norms of some families with 1 added, which costs the last bits.
            var lost = name.Contains("norm", StringComparison.Ordinal) && before.Config.Norm != NormKind.RmsNorm ? 1.2e-7f
                // The decay of a state is there, and its logarithm here.
                : name.EndsWith("A_log", StringComparison.Ordinal) ? 3e-7f : 0f;
            Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, lost));
        }
    }

    /// <summary>llama.cpp's phi3 takes no other width than that of the heads together; its llama does, where heads turn whole.</summary>
    [Fact]
    public void A_Phi_3_with_LongRoPE_whose_width_was_cut_goes_to_the_architecture_llama()
    {
        using var whole = Checkpoint.Open(Fixtures.Golden("families", "phi3"));
        var scaling = new LongRope([1, 1.5, 2, 2, 2.5, 3], [1, 2, 4, 8, 16, 30.5], 32, 1.25);
        var narrow = whole.Config with { HiddenSize = 40, Rotary = whole.Config.Rotary with { Scaling = scaling } };
        var architecture = GgufArchitectures.For(narrow, "it");
        var metadata = new GgufMetadata();
        architecture.Describe(narrow, metadata);
        Assert.Equal(("llama", "longrope", 32u, 1.25f), (architecture.Name, metadata.Get<string>("llama.rope.scaling.type"),
            metadata.Get<uint>("llama.rope.scaling.original_context_length"), metadata.Get<float>("llama.rope.scaling.attn_factor")));
        Assert.Equal(["rope_factors_short.weight", "rope_factors_long.weight"], LongFactors.Of(narrow).Select(factors => factors.Name));
        using var partly = Checkpoint.Open(Fixtures.Golden("families", "phi4-longrope"));
        Assert.Contains("needs num_attention_heads * head_dim to equal hidden_size;",
            Assert.Throws<EspalierException>(() => GgufArchitectures.For(partly.Config with { HiddenSize = 48 }, "it")).Message);
    }

    [Theory]
    [InlineData(GgufFormat.F16, ElementType.F16)]
    [InlineData(GgufFormat.BF16, ElementType.BF16)]
    [InlineData(GgufFormat.Q8_0, ElementType.F32)]
    [InlineData(GgufFormat.Q4_K_M, ElementType.F32)]
    internal void Every_weight_is_what_the_file_decodes_to(GgufFormat format, ElementType exact)
    {
        var path = Export(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), format);
        using var importer = GgufImporter.Open(path);
        using var file = GgufFile.Open(path);
        using var after = Checkpoint.Open(Import(path));

        Assert.Equal((exact, exact), (importer.ExactType, after.StoredType));
        Assert.Equal(file.ReadFloat32("blk.3.ffn_down.weight"), after.ReadFloat32("model.layers.3.mlp.down_proj.weight"));
        var turned = file.ReadFloat32("blk.3.attn_k.weight");
        var heads = after.ReadFloat32("model.layers.3.self_attn.k_proj.weight");
        // Entry 5 of the second head of 32 is paired with 5 + 16: rows 32 + 10 and 32 + 11 of the file.
        Assert.Equal(turned[(42 * 256)..(43 * 256)], heads[(37 * 256)..(38 * 256)]);
        Assert.Equal(turned[(43 * 256)..(44 * 256)], heads[(53 * 256)..(54 * 256)]);
    }

    [Fact]
    public void What_was_exported_is_exported_again_with_the_same_bytes()
    {
        var first = Export(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), GgufFormat.F32);
        using var before = GgufFile.Open(first);
        var second = Path.Combine(_folder.Path, "again.gguf");
        GgufExporter.Export(Import(first), second, GgufFormat.F32, name: before.Metadata.Get<string>("general.name"));
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
    }

    [OutsideFact("models/stories260K/stories260K.gguf")]
    public void A_file_of_another_program_is_the_folder_of_the_same_model()
    {
        var source = Fixtures.Outside("models", "stories260K");
        using var before = Checkpoint.Open(source);
        using var after = Checkpoint.Open(Import(Path.Combine(source, "stories260K.gguf")));
        Assert.Equal(before.Config with { EosTokenIds = after.Config.EosTokenIds }, after.Config);
        Assert.All(before.Entries.Keys, name => Assert.Equal(before.ReadFloat32(name), after.ReadFloat32(name)));
    }

    [Theory]
    [InlineData("llama.expert_count", 8u, "the key llama.expert_used_count is missing")]
    [InlineData("llama.rope.dimension_sections", 8u, "llama.rope.dimension_sections is 8, which the family llama cannot express")]
    [InlineData("llama.rope.scaling.type", "longrope", "the rotary scaling 'longrope' is not supported; known: linear and yarn")]
    [InlineData("llama.attention.value_length", 16u, "keys have 32 entries and values have 16; both must have the same number")]
    [InlineData("llama.block_count", 7u, "tensor blk.7.attn_q.weight has no place in a model of the family llama")]
    [InlineData("llama.block_count", 9u, "has no tensor 'blk.8.attn_q.weight'")]
    [InlineData("llama.feed_forward_length", 512u,
        "tensor blk.0.ffn_gate.weight is [768, 256], [512, 256] was expected from the file's own keys")]
    [InlineData("split.count", (ushort)3, "is one of 3 parts of a model; merge them first")]
    [InlineData("general.architecture", "mamba", "the architecture 'mamba' is not supported; known: ")]
    [InlineData("tokenizer.ggml.model", "bert", "a vocabulary of kind 'bert' is not supported; known: gpt2 and llama")]
    [InlineData("tokenizer.ggml.pre", "viking", "the split 'viking' (tokenizer.ggml.pre) is not supported; known: ")]
    public void What_is_not_understood_is_refused_by_name(string key, object value, string message)
    {
        var path = Changed(Export(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), GgufFormat.F16), key, value);
        var error = Assert.Throws<EspalierException>(() => Import(path));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "imported")));
    }

    [Fact]
    public void A_weight_that_is_no_number_is_refused_by_tensor()
    {
        var path = Export(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), GgufFormat.F32);
        long at;
        using (var file = GgufFile.Open(path))
            at = file.DataStart + file["blk.2.attn_q.weight"].Offset + 40;
        using (var stream = File.OpenWrite(path))
        {
            stream.Position = at;
            stream.Write(BitConverter.GetBytes(float.NaN));
        }

        var error = Assert.Throws<EspalierException>(() => Import(path));
        Assert.Contains("tensor blk.2.attn_q.weight: a weight of model.layers.2.self_attn.q_proj.weight is NaN", error.Message,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "imported")));
    }

    private string Export(string source, GgufFormat format)
    {
        var path = Path.Combine(_folder.Path, $"{format}.gguf");
        GgufExporter.Export(source, path, format);
        return path;
    }

    private string Import(string file)
    {
        var folder = Path.Combine(_folder.Path, "imported");
        using var importer = GgufImporter.Open(file);
        importer.Write(folder, importer.ExactType);
        return folder;
    }

    /// <summary>The same file with another value of a key.</summary>
    private string Changed(string path, string key, object value)
    {
        using var file = GgufFile.Open(path);
        var metadata = new GgufMetadata();
        foreach (var (name, old) in file.Metadata.Where(pair => pair.Key != key))
            metadata.Add(name, old);
        metadata.Add(key, value);
        var changed = Path.Combine(_folder.Path, "changed.gguf");
        GgufWriter.Write(changed, metadata,
            [.. file.Tensors.Select(tensor => new GgufTensorSource(tensor.Name, tensor.Type, [.. tensor.Shape],
            (row, rows) => file.ReadRows(tensor, row, rows)))]);
        return changed;
    }
}
