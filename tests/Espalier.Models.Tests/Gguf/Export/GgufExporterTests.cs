using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Export;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Export;

public sealed class GgufExporterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_bundled_teacher_is_described_as_llama_cpp_reads_it()
    {
        using var file = Export(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), GgufFormat.BF16);

        var metadata = file.Metadata;
        Assert.Equal("llama", metadata.Get<string>("general.architecture"));
        Assert.Equal("quickstart-teacher", metadata.Get<string>("general.name"));
        Assert.Equal(32u, metadata.Get<uint>("general.file_type"));
        Assert.Equal(
            [512u, 256u, 8u, 768u, 8u, 4u, 32u, 32u, 32u, 4096u],
            new[] { "context_length", "embedding_length", "block_count", "feed_forward_length", "attention.head_count",
                "attention.head_count_kv", "attention.key_length", "attention.value_length", "rope.dimension_count", "vocab_size" }
                .Select(k => metadata.Get<uint>($"llama.{k}")));
        Assert.Equal(1e-5f, metadata.Get<float>("llama.attention.layer_norm_rms_epsilon"));
        Assert.Equal(10000f, metadata.Get<float>("llama.rope.freq_base"));
        Assert.Equal("gpt2", metadata.Get<string>("tokenizer.ggml.model"));
        Assert.Equal("llama-bpe", metadata.Get<string>("tokenizer.ggml.pre"));
        Assert.Equal("<|begin_of_text|>", metadata.Get<string[]>("tokenizer.ggml.tokens")[4080]);
        Assert.Equal(3, metadata.Get<int[]>("tokenizer.ggml.token_type")[4080]);
        Assert.Equal(["\u0120 t", "h e"], metadata.Get<string[]>("tokenizer.ggml.merges")[..2]);
        Assert.Equal((4080u, 4081u, 4084u),
            (metadata.Get<uint>("tokenizer.ggml.bos_token_id"), metadata.Get<uint>("tokenizer.ggml.eos_token_id"),
                metadata.Get<uint>("tokenizer.ggml.eot_token_id")));
        Assert.True(metadata.Get<bool>("tokenizer.ggml.add_bos_token"));
        Assert.StartsWith("{{ bos_token }}", metadata.Get<string>("tokenizer.chat_template"), StringComparison.Ordinal);
        Assert.Equal(2 + 8 * 9, file.Tensors.Count);
        Assert.False(file.Contains("output.weight"));
    }

    [Theory]
    [InlineData(GgufFormat.F32)]
    [InlineData(GgufFormat.BF16)]
    internal void Weights_are_the_checkpoints_with_q_and_k_reordered(GgufFormat type)
    {
        // 4 query heads, 2 key heads of 16 on a width of 40: head_dim is not hidden / heads.
        var source = Fixtures.Golden("families", "mistral-nemo");
        using var checkpoint = Checkpoint.Open(source);
        using var file = Export(source, type);

        Assert.Equal(16u, file.Metadata.Get<uint>("llama.attention.key_length"));
        Assert.Equal([64L, 40L], file["blk.1.attn_q.weight"].Shape);
        AssertRounded(checkpoint.ReadFloat32("model.layers.2.mlp.down_proj.weight"), file.ReadFloat32("blk.2.ffn_down.weight"));
        AssertRounded(checkpoint.ReadFloat32("lm_head.weight"), file.ReadFloat32("output.weight"));
        AssertRounded(checkpoint.ReadFloat32("model.layers.1.self_attn.v_proj.weight"), file.ReadFloat32("blk.1.attn_v.weight"));
        var q = checkpoint.ReadFloat32("model.layers.1.self_attn.q_proj.weight");
        var exported = file.ReadFloat32("blk.1.attn_q.weight");
        // Row 3 of the second head pairs entry 1 with entry 1 + 8, and is the latter.
        AssertRounded(q[(25 * 40)..(26 * 40)], exported[(19 * 40)..(20 * 40)]);
        Assert.NotEqual(q[(19 * 40)..(20 * 40)], exported[(19 * 40)..(20 * 40)]);

        void AssertRounded(float[] expected, float[] actual)
            => Assert.All(expected.Zip(actual),
                p => Assert.InRange(Math.Abs(p.First - p.Second), 0, type == GgufFormat.F32 ? 0 : Math.Abs(p.First) / 256));
    }

    [Fact]
    public void Q8_0_keeps_vectors_in_float32_and_odd_widths_in_float16()
    {
        using var file = Export(Fixtures.Golden("families", "llama-3.1"), GgufFormat.Q8_0);

        Assert.Equal(7u, file.Metadata.Get<uint>("general.file_type"));
        Assert.Equal(GgufType.F32, file["blk.0.attn_norm.weight"].Type);
        Assert.Equal(GgufType.F32, file["output_norm.weight"].Type);
        Assert.Equal(GgufType.F16, file["token_embd.weight"].Type); // rows of 48
        Assert.Equal(GgufType.Q8_0, file["blk.0.ffn_down.weight"].Type); // rows of 96
    }

    [Fact]
    public void Llama_3_scaling_becomes_a_tensor_of_divisors()
    {
        using var file = Export(Fixtures.Golden("families", "llama-3.1"), GgufFormat.F32);

        var factors = file.ReadFloat32("rope_freqs.weight");
        Assert.Equal((1f, 8f, 6), (factors[0], factors[5], factors.Length));
        Assert.False(file.Metadata.Contains("llama.rope.scaling.type"));
    }

    [Fact]
    public void A_folder_without_a_tokenizer_spells_ids()
    {
        using var file = Export(Fixtures.Golden("pruning", "width"), GgufFormat.F16);

        Assert.Equal("<17>", file.Metadata.Get<string[]>("tokenizer.ggml.tokens")[17]);
        Assert.False(file.Metadata.Get<bool>("tokenizer.ggml.add_bos_token"));
    }

    [Theory]
    [InlineData("LlamaTokenizerFast", true, false, true, false)]
    [InlineData("LlamaTokenizerFast", false, false, false, false)]
    [InlineData("LlamaTokenizer", true, true, true, true)]
    [InlineData("PreTrainedTokenizerFast", false, true, true, false)]
    public void Bos_and_eos_are_those_that_the_tokenizer_adds(string name, bool addBos, bool addEos, bool bos, bool eos)
    {
        // config.json names others, which stay where nothing is added.
        var source = Tiny("ids", 4096, config => (config["bos_token_id"], config["eos_token_id"]) = (4086, 4087), settings =>
            (settings["tokenizer_class"], settings["add_bos_token"], settings["add_eos_token"]) = (name, addBos, addEos));
        using var file = Export(source, GgufFormat.F32);
        var metadata = file.Metadata;
        Assert.Equal((bos, eos), (metadata.Get<bool>("tokenizer.ggml.add_bos_token"), metadata.Get<bool>("tokenizer.ggml.add_eos_token")));
        Assert.Equal(
            (bos ? 4080u : 4086u, eos ? 4081u : 4087u),
            (metadata.Get<uint>("tokenizer.ggml.bos_token_id"), metadata.Get<uint>("tokenizer.ggml.eos_token_id")));
    }

    [Fact]
    public void A_tokenizer_longer_than_the_embedding_loses_its_last_tokens_and_it_is_said()
    {
        var source = Tiny("long", 4090);
        using var file = Export(source, GgufFormat.F32);
        Assert.Equal("<|reserved_special_token_4|>", file.Metadata.Get<string[]>("tokenizer.ggml.tokens")[^1]);
        Assert.Equal((4090, 4090L), (file.Metadata.Get<string[]>("tokenizer.ggml.tokens").Length, file["token_embd.weight"].Shape[0]));
        var loss = Assert.Single(Losses(source));
        Assert.Contains(
            "6 of its tokens have ids from 4090, for which the model (vocab_size 4090) has no rows; they are left out: "
                + "'<|reserved_special_token_5|>'", loss, StringComparison.Ordinal);
        Assert.Empty(Losses(Tiny("padded", 4224)));
    }

    [Fact]
    public void What_llama_cpp_does_not_do_is_said_before_any_weight_is_read()
    {
        var source = Tiny("losses", 4096, tokenizer: tokenizer =>
        {
            tokenizer["normalizer"] = new JsonObject { ["type"] = "NFC" };
            tokenizer["pre_tokenizer"]!["pretokenizers"]![1]!["add_prefix_space"] = true;
            tokenizer["post_processor"]!["processors"]![1]!["single"]!.AsArray()
                .Insert(0, new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = "<|begin_of_text|>" } });
        });
        File.Delete(Path.Combine(source, "model.safetensors"));
        var losses = Losses(source);
        Assert.Equal(3, losses.Count);
        Assert.Contains("other than one BOS and one EOS", losses[0], StringComparison.Ordinal);
        Assert.Contains("a space before each text", losses[1], StringComparison.Ordinal);
        Assert.Contains("its normalizer (NFC)", losses[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Single_digits_before_gpt_2_are_smollm()
    {
        var source = Tiny("digits", 4096, tokenizer: tokenizer =>
        {
            tokenizer["pre_tokenizer"] = JsonNode.Parse("""
                {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, {"type": "ByteLevel", "add_prefix_space": false}]}
                """);
            tokenizer["model"]!["ignore_merges"] = false;
        });
        using var file = Export(source, GgufFormat.F32);
        Assert.Equal("smollm", file.Metadata.Get<string>("tokenizer.ggml.pre"));
        Assert.Empty(Losses(source));
    }

    [Theory]
    [InlineData("tokenizer.model", "tokenizer.model: not a SentencePiece model, or a damaged one")]
    [InlineData("tekken.json", "tekken.json: config.pattern: a string is needed here")]
    [InlineData("vocab.json", "has vocab.json but no tokenizer.json")]
    public void A_tokenizer_in_another_form_is_no_missing_tokenizer(string name, string says)
    {
        var source = Tiny("other", 4096);
        File.Move(Path.Combine(source, "tokenizer.json"), Path.Combine(source, name));
        foreach (var act in new Action[] { () => Losses(source), () => Export(source, GgufFormat.F32).Dispose() })
            Assert.Contains(says, Assert.Throws<EspalierException>(act).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(source, name));
        Assert.Contains("writes each id as <17>", Assert.Single(Losses(source)), StringComparison.Ordinal);
    }

    [OutsideFact("models/stories260K/stories260K.gguf")]
    public void Another_converters_file_of_the_same_model_holds_the_same_weights_and_tokens()
    {
        using var expected = GgufFile.Open(Fixtures.Outside("models", "stories260K", "stories260K.gguf"));
        using var file = Export(Fixtures.Outside("models", "stories260K"), GgufFormat.F32);

        foreach (var tensor in expected.Tensors.Where(t => t.Name != "output.weight")) // tied: ours leaves it out
            Assert.Equal(expected.ReadFloat32(tensor.Name), file.ReadFloat32(tensor.Name));
        foreach (var key in new[] { "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.model",
            "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.add_bos_token",
            "tokenizer.ggml.add_space_prefix" })
            Assert.Equal(expected.Metadata.Get<object>(key), file.Metadata.Get<object>(key));
        // Single characters have scores there too, but no merge makes one.
        var tokens = file.Metadata.Get<string[]>("tokenizer.ggml.tokens");
        var scores = expected.Metadata.Get<float[]>("tokenizer.ggml.scores").Zip(file.Metadata.Get<float[]>("tokenizer.ggml.scores"));
        Assert.All(scores.Where((_, id) => id >= 259 && tokens[id].Length > 1), s => Assert.Equal(s.First, s.Second));
    }

    private static IReadOnlyList<string> Losses(string source)
    {
        using var checkpoint = Checkpoint.Open(source, requireWeights: false);
        return GgufExporter.Check(checkpoint.Config, source, "the student");
    }

    /// <summary>The bundled teacher's tokenizer before a model of one narrow layer without meaning.</summary>
    private string Tiny(string name, int rows, Action<JsonObject>? change = null, Action<JsonObject>? settings = null,
        Action<JsonObject>? tokenizer = null)
    {
        var teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");
        var target = _folder.Of(name);
        using var source = Checkpoint.Open(teacher);
        var config = source.Config with
        {
            VocabularySize = rows,
            HiddenSize = 32,
            IntermediateSize = 32,
            Layers = 1,
            QueryHeads = 1,
            KeyValueHeads = 1,
        };
        CheckpointWriter.Write(target, config, source, ElementType.F32, new Ones());
        Edit("config.json", change);
        Edit("tokenizer_config.json", settings);
        Edit("tokenizer.json", tokenizer);
        return target;

        void Edit(string file, Action<JsonObject>? edit)
        {
            if (edit is null)
                return;
            var path = Path.Combine(target, file);
            var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
            edit(json);
            File.WriteAllText(path, json.ToJsonString());
        }
    }

    private sealed class Ones : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination) => destination.Fill(1);
    }

    private GgufFile Export(string source, GgufFormat type)
    {
        var path = _folder.Of("model.gguf");
        GgufExporter.Export(source, path, type);
        return GgufFile.Open(path);
    }
}
