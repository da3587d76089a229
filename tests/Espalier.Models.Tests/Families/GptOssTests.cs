using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Tests.Checkpoints;

namespace Espalier.Tests.Families;

/// <summary>What GPT-OSS's config says, and its tensors that hold the matrices of all experts, transposed.</summary>
public sealed class GptOssTests : CheckpointFolderTest
{
    private const string GateUp = "model.layers.1.mlp.experts.gate_up_proj", Down = "model.layers.1.mlp.experts.down_proj";

    // The fields of openai/gpt-oss-20b's config.json that say something of its shape.
    private const string Published = """
        {
          "architectures": ["GptOssForCausalLM"], "attention_bias": true, "eos_token_id": 200002, "experts_per_token": 4, "head_dim": 64,
          "hidden_act": "silu", "hidden_size": 2880, "initial_context_length": 4096, "intermediate_size": 2880,
          "max_position_embeddings": 131072, "model_type": "gpt_oss", "num_attention_heads": 64, "num_experts_per_tok": 4,
          "num_hidden_layers": 24, "num_key_value_heads": 8, "num_local_experts": 32, "pad_token_id": 199999, "rms_norm_eps": 1e-05,
          "rope_scaling": {
            "beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0, "original_max_position_embeddings": 4096, "rope_type": "yarn",
            "truncate": false
          },
          "rope_theta": 150000, "router_aux_loss_coef": 0.9, "sliding_window": 128, "swiglu_limit": 7.0, "tie_word_embeddings": false,
          "vocab_size": 201088
        }
        """;

    [Fact]
    public void The_published_config_is_the_default_with_fewer_layers_and_experts()
    {
        var (config, plain) = (Read(JsonNode.Parse(Published)!.AsObject()), Read([]));
        Assert.Equal((24, 32, 4, 2880, 0), (config.Layers, config.Experts, config.ExpertsPerToken, config.ExpertIntermediateSize,
            config.IntermediateSize));
        Assert.Equal(config.Rotary, plain.Rotary);
        Assert.False(((RotaryScaling.Yarn)config.Rotary.Scaling!).Truncates);
        Assert.Equal([128, null, 128, null], config.LayerKinds.Take(4).Select(kind => kind.SlidingWindow));
        Assert.All(config.LayerKinds, kind => Assert.True(kind.HasSinks && kind.HasExperts && !kind.HasNormsAfter));
        Assert.Equal((true, true, true, true),
            (config.RouterBias, config.ExpertBias, config.QueryKeyValueBias, config.AttentionOutputBias));
    }

    [Fact]
    public void A_written_config_says_what_was_cut_in_each_place()
    {
        var raw = JsonNode.Parse(Published)!.AsObject();
        var config = Read(raw);
        var cut = config with
        {
            Layers = 3,
            LayerKinds = config.LayerKinds.At([0, 2, 5]),
            Experts = 16,
            ExpertsPerToken = 2,
            ExpertIntermediateSize = 1440,
        };
        var written = new GptOss().WriteConfig(cut, raw, ElementType.BF16);
        Assert.Equal("""["sliding_attention","sliding_attention","full_attention"]""", written["layer_types"]!.ToJsonString());
        Assert.Equal((2, 2, 16, 1440), ((int)written["experts_per_token"]!, (int)written["num_experts_per_tok"]!,
            (int)written["num_local_experts"]!, (int)written["intermediate_size"]!));
        Assert.False((bool)written["rope_scaling"]!["truncate"]!);
        Assert.Equal(cut, Read(written) with { EosTokenIds = cut.EosTokenIds });
        // What no file said is said: releases of transformers differ in what they take it for.
        Assert.Equal(4096, (int)new GptOss().WriteConfig(Read([]), [], ElementType.BF16)["rope_scaling"]!
            ["original_max_position_embeddings"]!);
        var limited = config with { LayerKinds = LayerKinds.All(config.LayerKinds[0] with { ActivationLimit = 5.5 }), Layers = 24 };
        Assert.Equal(5.5, (double)new GptOss().WriteConfig(limited, raw, ElementType.BF16)["swiglu_limit"]!);
    }

    [Fact]
    public void Shapes_that_contradict_the_config_are_named_by_its_own_fields()
    {
        Copy("families/gpt-oss");
        var path = Path.Combine(Model, "config.json");
        var config = JsonFile.Read(path);
        config["intermediate_size"] = 36;
        File.WriteAllText(path, config.ToJsonString());
        Fails("experts.gate_up_proj' is [5, 48, 64], but config.json says [5, 48, 72] ([intermediate_size, hidden_size]); one of the "
            + "two is wrong");
    }

    [Theory]
    [InlineData("intermediate_size", "99999999", "config.json: intermediate_size is 99999999, it must be from 1 to")]
    [InlineData("num_local_experts", "99999999", "config.json: num_local_experts is 99999999, it must be from 1 to")]
    [InlineData("swiglu_limit", "0", "swiglu_limit is 0, it must b")]
    [InlineData("layer_types", """["full_attention"]""", "it must have one entry for each of the 24 layers")]
    [InlineData("num_local_experts", "3", "num_experts_per_tok")]
    [InlineData("hidden_act", "\"gelu\"", "a gpt_oss model must have silu or swish")]
    public void Impossible_fields_are_refused(string field, string value, string expected)
    {
        var raw = JsonNode.Parse(Published)!.AsObject();
        raw[field] = JsonNode.Parse(value);
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(raw)).Message, StringComparison.Ordinal);
    }

    /// <summary>Row x, column d of expert e's gate is element [e, d, 2x] of the file, of its up projection [e, d, 2x + 1].</summary>
    [Theory]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.BF16)]
    [InlineData(ElementType.F64)]
    public void Experts_are_read_and_written_row_by_row_whatever_the_type(ElementType type)
    {
        using var golden = Checkpoint.Open(Fixtures.Golden("families/gpt-oss"));
        WriteAs(golden, type);
        using var model = Checkpoint.Open(Model);
        var (D, X) = (model.Config.HiddenSize, model.Config.ExpertIntermediateSize);
        foreach (var expert in (int[])[4, 0, 3])
        {
            var stored = model.FileOf(GateUp).ReadFloat32(GateUp).AsSpan(expert * D * 2 * X, D * 2 * X).ToArray();
            float[] gate = model.ReadFloat32($"{GateUp}#transposed.{expert}.gate"),
            up = model.ReadFloat32($"{GateUp}#transposed.{expert}.up");
            var down = model.ReadFloat32($"{Down}#transposed.{expert}");
            var storedDown = model.FileOf(Down).ReadFloat32(Down).AsSpan(expert * X * D, X * D).ToArray();
            for (var x = 0; x < X; x++)
                for (var d = 0; d < D; d++)
                {
                    Assert.Equal(stored[d * 2 * X + 2 * x], gate[x * D + d]);
                    Assert.Equal(stored[d * 2 * X + 2 * x + 1], up[x * D + d]);
                    Assert.Equal(storedDown[x * D + d], down[d * X + x]);
                }

            var biases = model.FileOf($"{GateUp}_bias").ReadFloat32($"{GateUp}_bias");
            var own = model.ReadFloat32($"{GateUp}_bias#transposed.{expert}.up");
            Assert.Equal(Enumerable.Range(0, X).Select(x => biases[expert * 2 * X + 2 * x + 1]), own);
            var some = new float[D + 5];
            model.ReadFloat32($"{GateUp}#transposed.{expert}.up", D / 2, some);
            Assert.Equal(up[(D / 2)..(D / 2 + D + 5)], some);
        }

        // From the middle of one expert to the middle of another.
        var all = model.FileOf(GateUp).ReadFloat32(GateUp);
        var fused = new float[3 * D * X];
        new FusedSource(model.Family.Table.Tensors(model.Config), model).Fill(GateUp, D * X + 3, fused);
        Assert.Equal(all[(D * X + 3)..(4 * D * X + 3)], fused);
    }

    [Fact]
    public void What_is_written_again_has_the_same_weights()
    {
        using var golden = Checkpoint.Open(Fixtures.Golden("families/gpt-oss-tied"));
        CheckpointWriter.Write(Path.Combine(Model, "again"), golden.Config, golden, ElementType.F32, golden);
        using var again = Checkpoint.Open(Path.Combine(Model, "again"));
        Assert.Equal(golden.WeightsHash(), again.WeightsHash());
    }

    [Fact]
    public void A_tensor_of_another_shape_is_refused_with_the_fields_that_it_comes_from()
    {
        Copy("families/gpt-oss");
        var raw = JsonFile.Read(Path.Combine(Model, "config.json"));
        raw["intermediate_size"] = 24;
        File.WriteAllText(Path.Combine(Model, "config.json"), raw.ToJsonString());
        Fails("'model.layers.0.mlp.experts.gate_up_proj' is [5, 48, 64], but config.json says [5, 48, 48]");
    }

    private void WriteAs(Checkpoint golden, ElementType type)
    {
        File.Copy(Fixtures.Golden("families/gpt-oss", "config.json"), Path.Combine(Model, "config.json"));
        SafetensorsWriter.Write(Path.Combine(Model, "model.safetensors"),
            SafetensorsLayout.Plan(golden.Entries.Values.Select(entry => new TensorSpec(entry.Name, type, entry.Shape))),
            (tensor, first, bytes) =>
            {
                var floats = new float[bytes.Length / type.Bytes()];
                golden.FileOf(tensor.Name).ReadFloat32(golden.Entry(tensor.Name), first / type.Bytes(), floats);
                ElementConversion.FromFloat32(type, floats, bytes);
            });
    }

    private static DecoderConfig Read(JsonObject raw) => new GptOss().ReadConfig(raw, "config.json");
}
