using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families.Fields;

namespace Espalier.Tests.Checkpoints;

public sealed class CheckpointTests : CheckpointFolderTest
{
    [Fact]
    public void Config_alone_opens_where_weights_are_not_required()
    {
        Copy("families/llama-3.1", weights: false);
        using var checkpoint = Checkpoint.Open(Model, requireWeights: false);
        Assert.False(checkpoint.HasWeights);
        Assert.Equal(ElementType.F32, checkpoint.StoredType);
        Assert.Throws<EspalierException>(() => checkpoint.Entries);
        Fails("has neither model.safetensors nor model.safetensors.index.json");
    }

    [Fact]
    public void MissingModel_file_in_its_place_and_missing_config_are_refused_by_name()
    {
        Assert.Contains("not found", Assert.Throws<EspalierException>(() => Checkpoint.Open(Path.Combine(Model, "nowhere"))).Message,
            StringComparison.Ordinal);
        Fails("config.json: not found");
        File.WriteAllText(Path.Combine(Model, "file"), "");
        Assert.Contains("is a file", Assert.Throws<EspalierException>(() => Checkpoint.Open(Path.Combine(Model, "file"))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("consolidated.00.pth")]
    [InlineData("model.pt")]
    public void Pickled_weights_are_refused_with_advice(string name)
    {
        Copy("families/llama-3.1", weights: false);
        File.WriteAllText(Path.Combine(Model, name), "");
        Fails(name, "never read; convert them to safetensors");
    }

    [Theory]
    [InlineData("hidden_size", 40, "'model.embed_tokens.weight' is [128, 48], but config.json says [128, 40] ([vocab_size, hidden_size])")]
    [InlineData("intermediate_size", 100,
        "mlp.gate_proj.weight' is [96, 48], but config.json says [100, 48] ([intermediate_size, hidden_size])")]
    [InlineData("head_dim", 16,
        "self_attn.q_proj.weight' is [48, 48], but config.json says [64, 48] ([num_attention_heads * head_dim, hidden_size])")]
    [InlineData("num_key_value_heads", 1,
        "self_attn.k_proj.weight' is [24, 48], but config.json says [12, 48] ([num_key_value_heads * head_dim, hidden_size])")]
    [InlineData("vocab_size", 127, "config.json says [127, 48]")]
    [InlineData("num_hidden_layers", 4, "missing model.layers.3.self_attn.q_proj.weight")]
    [InlineData("num_hidden_layers", 2, "unexpected model.layers.2.input_layernorm.weight")]
    public void Config_that_contradicts_the_tensors_is_refused_naming_both(string field, int value, string expected)
    {
        Copy("families/llama-3.1");
        Edit(config => config[field] = value);
        Fails(expected);
    }

    [Fact]
    public void Missing_and_left_over_tensors_are_both_listed()
    {
        Copy("families/mistral");
        Edit(static config => config["model_type"] = "nemotron");
        Edit(static config => config["hidden_act"] = "relu2");
        Fails("missing model.layers.0.input_layernorm.bias", "unexpected model.layers.0.mlp.gate_proj.weight");
    }

    [Fact]
    public void Head_beside_a_tied_embedding_is_dropped_when_it_is_a_copy_and_refused_when_it_is_not()
    {
        Copy("families/llama-3.2-tied");
        AddTensor("lm_head.weight", static file => file.ReadBytes("model.embed_tokens.weight"), [112, 40]);
        using (var checkpoint = Checkpoint.Open(Model))
            Assert.False(checkpoint.Entries.ContainsKey("lm_head.weight"));
        AddTensor("lm_head.weight", static file => [.. file.ReadBytes("model.embed_tokens.weight").Reverse()], [112, 40]);
        Fails("'lm_head.weight' differs from 'model.embed_tokens.weight'", "tie_word_embeddings");
    }

    [Fact]
    public void Untied_config_without_a_head_is_refused()
    {
        Copy("families/llama-3.2-tied");
        Edit(static config => config["tie_word_embeddings"] = false);
        Fails("missing lm_head.weight");
    }

    [Fact]
    public void Rotary_frequencies_of_early_llama_2_files_are_passed_over()
    {
        Copy("families/llama-3.1");
        AddTensor("model.layers.0.self_attn.rotary_emb.inv_freq", static _ => new byte[24], [6]);
        using var checkpoint = Checkpoint.Open(Model);
        Assert.Equal(checkpoint.Config.Parameters, checkpoint.CountedParameters);
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq", false)]
    [InlineData("model.rotary_emb.inv_freq", false)]
    [InlineData("rotary_emb.inv_freq", false)]
    [InlineData("model.layers.1.self_attn.k_scale", true)]
    [InlineData("model.layers.1.self_attn.attn.v_scale", true)]
    [InlineData("model.layers.1.self_attn.k_proj.k_scale", true)]
    [InlineData("model.layers.1.self_attn.v_proj.output_scale", true)]
    [InlineData("model.layers.1.self_attn.kv_scale", true)]
    public void Tensors_that_nothing_needs_are_passed_over_listed_or_not(string name, bool told)
    {
        Copy("families/llama-3.1");
        AddTensor(name, static _ => new byte[4], [1]);
        var file = Path.Combine(Model, "model.safetensors");
        Check();

        File.Move(file, Path.Combine(Model, "shard.safetensors"));
        JsonObject map;
        using (var shard = SafetensorsFile.Open(Path.Combine(Model, "shard.safetensors")))
            map = new(shard.Entries.Keys.Select(static key => KeyValuePair.Create(key, (JsonNode?)"shard.safetensors")));
        WriteIndex(map);
        Check();
        map.Remove(name);
        WriteIndex(map);
        Check();
        map["model.layers.2.self_attn.rotary_emb.inv_freq"] = "shard.safetensors";
        WriteIndex(map);
        Check();

        void Check()
        {
            using var checkpoint = Checkpoint.Open(Model);
            Assert.Equal(checkpoint.Config.Parameters, checkpoint.CountedParameters);
            Assert.Equal(told,
                checkpoint.Notes.Any(note => note.Contains($"scales of a quantised key/value cache ({name}", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj.weight_scale")]
    [InlineData("model.layers.0.self_attn.q_proj.input_scale")]
    [InlineData("model.layers.0.mlp.k_scale")]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq.weight")]
    public void Tensors_that_change_what_is_computed_are_refused_still(string name)
    {
        Copy("families/llama-3.1");
        AddTensor(name, static _ => new byte[4], [1]);
        Fails("unexpected", name);
    }

    [Theory]
    [InlineData("""{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":1024}""", "YaRN's factor 4 is used here")]
    [InlineData("""{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":256}""", null)]
    [InlineData("""{"rope_type":"yarn","factor":4.0}""", null)]
    public void Yarn_that_transformers_4_reads_otherwise_is_told(string scaling, string? note)
    {
        Copy("families/llama-3.1");
        Edit(config => config["rope_scaling"] = JsonNode.Parse(scaling));
        using var checkpoint = Checkpoint.Open(Model);
        Assert.Equal(note is null ? 0 : 1, checkpoint.Notes.Count(text => text.Contains(note ?? "", StringComparison.Ordinal)));
    }

    [Fact]
    public void Broken_weights_are_found_by_tensor_and_element()
    {
        Copy("families/llama-3.1");
        using (var whole = Checkpoint.Open(Model))
            whole.CheckFinite();
        long offset;
        using (var file = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors")))
            offset = file.Entry("model.layers.1.mlp.up_proj.weight").Offset;
        using (var stream = File.OpenWrite(Path.Combine(Model, "model.safetensors")))
        {
            stream.Position = offset + 4 * 77;
            stream.Write(BitConverter.GetBytes(float.NaN));
        }

        using var broken = Checkpoint.Open(Model);
        var error = Assert.Throws<EspalierException>(() => broken.CheckFinite());
        Assert.Contains("'model.layers.1.mlp.up_proj.weight' element 77 of 4608 is NaN", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Integer_weights_are_refused()
    {
        Copy("families/llama-3.1");
        AddTensor("model.norm.weight", static _ => new byte[48], [48], ElementType.I8);
        Fails("'model.norm.weight' is I8; weights must be F32, F16, BF16 or F64");
    }

    [Fact]
    public void Weights_widen_to_the_floats_that_are_stored()
    {
        using var teacher = Checkpoint.Open(Path.Combine(Fixtures.Root, "models/quickstart-teacher"));
        Assert.Equal(ElementType.BF16, teacher.StoredType);
        var all = teacher.ReadFloat32("model.embed_tokens.weight");
        var some = new float[70_001];
        teacher.ReadFloat32("model.embed_tokens.weight", 12_345, some);
        Assert.Equal(all[12_345..(12_345 + some.Length)], some);
        var bytes = teacher.FileOf("model.norm.weight").ReadBytes("model.norm.weight");
        Assert.Equal(BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, 2) << 16),
            teacher.ReadFloat32("model.norm.weight")[1]);
    }

    private void Edit(Action<JsonObject> edit)
    {
        var path = Path.Combine(Model, "config.json");
        var config = JsonFile.Read(path);
        edit(config);
        File.WriteAllText(path, ConfigJson.Text(config));
    }

    private void AddTensor(string name, Func<SafetensorsFile, byte[]> bytes, long[] shape, ElementType type = ElementType.F32)
    {
        var path = Path.Combine(Model, "model.safetensors");
        using var file = SafetensorsFile.Open(path);
        var added = bytes(file);
        var layout = SafetensorsLayout.Plan(file.Entries.Values.Where(entry => entry.Name != name)
            .Select(static entry => new TensorSpec(entry.Name, entry.Type, entry.Shape)).Append(new(name, type, shape)));
        SafetensorsWriter.Write(path, layout, (tensor, first, destination) =>
        {
            if (tensor.Name == name)
                added.AsSpan((int)first, destination.Length).CopyTo(destination);
            else
                file.Read(file.Entry(tensor.Name), first, destination);
        });
    }
}
