using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Tests.Checkpoints;

namespace Espalier.Tests.Families;

/// <summary>
/// What Qwen3.5's config says, alone and as the text part of a model that takes pictures, and its tensors whose parts are interleaved.
/// </summary>
public sealed class Qwen35Tests : CheckpointFolderTest
{
    [Fact]
    public void Layers_are_those_of_the_list_or_of_the_interval()
    {
        var raw = Raw("qwen3-5");
        Assert.Equal([false, false, true, false, true], Read(raw).LayerKinds.Select(kind => kind.HasAttention));
        Assert.Equal([true, true, false, true, false], Read(raw).LayerKinds.Select(kind => kind.HasDelta));
        raw.Remove("layer_types");
        Assert.Equal([false, false, false, true, false], Read(raw).LayerKinds.Select(kind => kind.HasAttention));
        raw["full_attention_interval"] = 2;
        Assert.Equal([false, true, false, true, false], Read(raw).LayerKinds.Select(kind => kind.HasAttention));
    }

    [Fact]
    public void The_layers_that_stay_are_written_and_a_rule_that_no_longer_holds_is_not()
    {
        var raw = Raw("qwen3-5");
        raw.Remove("layer_types");
        (raw["num_hidden_layers"], raw["full_attention_interval"], raw["mtp_num_hidden_layers"]) = (8, 4, 1);
        var config = Read(raw);
        var written = new Qwen35().WriteConfig(config, raw, ElementType.F32);
        Assert.Equal(4, (int)written["full_attention_interval"]!);
        Assert.Equal(0, (int)written["mtp_num_hidden_layers"]!);
        var cut = new Qwen35().WriteConfig(config with { Layers = 3, LayerKinds = config.LayerKinds.At([0, 3, 7]) }, raw, ElementType.F32);
        Assert.Equal("""["linear_attention","full_attention","full_attention"]""", cut["layer_types"]!.ToJsonString());
        Assert.False(cut.ContainsKey("full_attention_interval"));
        var halved = config with { Layers = 4, LayerKinds = config.LayerKinds.At([0, 3, 4, 7]) };
        Assert.Equal(2, (int)new Qwen35().WriteConfig(halved, raw, ElementType.F32)["full_attention_interval"]!);
    }

    [Theory]
    [InlineData("layer_types", """["full_attention"]""", "it must have one entry for each of the 5 layers")]
    [InlineData("layer_types", """["full_attention","linear_attention","mamba","full_attention","full_attention"]""",
        "each layer must be linear_attention or full_attention")]
    [InlineData("attn_output_gate", "false", "attention in this family has an output gate")]
    [InlineData("linear_num_value_heads", "5",
        "linear_num_value_heads 5 is not a multiple of linear_num_key_heads 2; the nearest are 4 and 6")]
    [InlineData("linear_conv_kernel_dim", "0", "linear_conv_kernel_dim is 0")]
    [InlineData("linear_key_head_dim", "4000000", "linear_num_key_heads 2 * linear_key_head_dim 4000000 is 8000000")]
    [InlineData("linear_value_head_dim", "4000000", "linear_num_value_heads 4 * linear_value_head_dim 4000000 is 16000000")]
    [InlineData("hidden_act", "\"gelu\"", "a qwen3_5_text model must have silu or swish")]
    public void Impossible_fields_are_refused(string field, string value, string expected)
    {
        var raw = Raw("qwen3-5");
        raw[field] = JsonNode.Parse(value);
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(raw)).Message, StringComparison.Ordinal);
    }

    /// <summary>As published: the text part below model.language_model, a tower for pictures, and a head that foresees tokens.</summary>
    [Fact]
    public void The_text_part_of_a_published_folder_is_the_text_model()
    {
        using var text = Checkpoint.Open(Fixtures.Golden("families/qwen3-5"));
        WriteWhole(text);
        using var whole = Checkpoint.Open(Model);
        Assert.Equal(text.Config, whole.Config with { EosTokenIds = text.Config.EosTokenIds });
        Assert.Equal(text.WeightsHash(), whole.WeightsHash());
        Assert.Contains(whole.Notes,
            note => note.Contains("only the text part of a qwen3_5 model is read; 1 tensors", StringComparison.Ordinal));
        Assert.Contains(whole.Notes,
            note => note.Contains("1 tensors of a multi-token prediction head (mtp.fc.weight, ...) were left out",
                StringComparison.Ordinal));
        var student = Path.Combine(Model, "student");
        CheckpointWriter.Write(student, whole.Config, whole, ElementType.F32, whole);
        using var again = Checkpoint.Open(student);
        Assert.Equal(("qwen3_5_text", text.WeightsHash()), (again.Family.ModelType, again.WeightsHash()));
    }

    /// <summary>Query and gate of a head stand one after the other in the file: row by row, by hand.</summary>
    [Fact]
    public void Parts_that_are_interleaved_are_read_and_written_head_by_head()
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families/qwen3-5"));
        const string Name = "model.layers.2.self_attn.q_proj.weight";
        var (heads, size) = (model.Config.QueryHeads, model.Config.HeadDim * model.Config.HiddenSize);
        var stored = model.FileOf(Name).ReadFloat32(Name);
        float[] query = model.ReadFloat32($"{Name}#heads:query"), gate = model.ReadFloat32($"{Name}#heads:gate");
        for (var head = 0; head < heads; head++)
        {
            Assert.Equal(stored[(2 * head * size)..((2 * head + 1) * size)], query[(head * size)..((head + 1) * size)]);
            Assert.Equal(stored[((2 * head + 1) * size)..((2 * head + 2) * size)], gate[(head * size)..((head + 1) * size)]);
        }
        // From the middle of one piece to the middle of another.
        var some = new float[2 * size];
        model.ReadFloat32($"{Name}#heads:gate", size / 2 + 1, some);
        Assert.Equal(gate[(size / 2 + 1)..(5 * size / 2 + 1)], some);
        var fused = new float[stored.Length - 7];
        new FusedSource(model.Family.Table.Tensors(model.Config), model).Fill(Name, 7, fused);
        Assert.Equal(stored[7..], fused);
    }

    private void WriteWhole(Checkpoint text)
    {
        var whole = new JsonObject
        {
            ["architectures"] = new JsonArray("Qwen3_5ForConditionalGeneration"),
            ["model_type"] = "qwen3_5",
            ["tie_word_embeddings"] = false,
            ["vision_config"] = new JsonObject { ["hidden_size"] = 16, ["model_type"] = "qwen3_5_vision" },
            ["text_config"] = text.RawConfig.DeepClone(),
        };
        File.WriteAllText(Path.Combine(Model, "config.json"), whole.ToJsonString());
        static string Renamed(string name) =>
            name.StartsWith("model.", StringComparison.Ordinal) ? $"model.language_model.{name[6..]}" : name;
        var own = text.Entries.Values.ToDictionary(entry => Renamed(entry.Name), entry => entry.Name);
        var specs = own.Select(pair => new TensorSpec(pair.Key, ElementType.F32, text.Entry(pair.Value).Shape))
            .Concat([new("model.visual.pos_embed.weight", ElementType.F32, [4]), new("mtp.fc.weight", ElementType.F32, [4])]);
        SafetensorsWriter.Write(Path.Combine(Model, "model.safetensors"), SafetensorsLayout.Plan(specs), (tensor, first, bytes) =>
        {
            if (own.TryGetValue(tensor.Name, out var name))
                text.FileOf(name).Read(text.Entry(name), first, bytes);
            else
                bytes.Clear();
        });
    }

    private static JsonObject Raw(string golden) => JsonFile.Read(Fixtures.Golden("families", golden, "config.json"));

    private static DecoderConfig Read(JsonObject raw) => new Qwen35().ReadConfig(raw, "config.json");
}
