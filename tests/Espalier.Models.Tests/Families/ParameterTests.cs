using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;

namespace Espalier.Tests.Families;

public sealed class ParameterTests
{
    [Theory]
    [InlineData("families/gemma2")]
    [InlineData("families/gemma3")]
    [InlineData("families/gpt-oss")]
    [InlineData("families/gpt-oss-tied")]
    [InlineData("families/granite")]
    [InlineData("families/llama-3.1")]
    [InlineData("families/llama-3.2-tied")]
    [InlineData("families/mistral")]
    [InlineData("families/mistral-nemo")]
    [InlineData("families/mixtral")]
    [InlineData("families/nemotron")]
    [InlineData("families/nemotron-h")]
    [InlineData("families/nemotron-h-tied")]
    [InlineData("families/olmo2")]
    [InlineData("families/olmo3")]
    [InlineData("families/olmoe")]
    [InlineData("families/phi3")]
    [InlineData("families/phi4-longrope")]
    [InlineData("families/qwen2")]
    [InlineData("families/qwen2-moe")]
    [InlineData("families/qwen2-moe-mixed")]
    [InlineData("families/qwen3")]
    [InlineData("families/qwen3-5")]
    [InlineData("families/qwen3-5-even")]
    [InlineData("families/qwen3-5-tied")]
    [InlineData("families/qwen3-moe")]
    [InlineData("families/qwen3-moe-mixed")]
    [InlineData("families/qwen3-next")]
    [InlineData("families/qwen3-next-even")]
    [InlineData("families/qwen3-next-mixed")]
    [InlineData("families/smollm3")]
    [InlineData("families/stablelm")]
    [InlineData("families/starcoder2")]
    [InlineData("pruning/teacher")]
    [InlineData("pruning/width")]
    [InlineData("pruning/depth")]
    [InlineData("../../models/quickstart-teacher")]
    public void Closed_form_parameter_count_equals_what_is_counted(string folder)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden(folder));
        Assert.Equal(checkpoint.CountedParameters, checkpoint.Config.Parameters);
        var embedding =
            checkpoint.Entries.Values.Where(static entry => entry.Name is "model.embed_tokens.weight" or "backbone.embeddings.weight"
                or "lm_head.weight");
        Assert.Equal(embedding.Sum(static entry => entry.Elements), checkpoint.Config.EmbeddingParameters);
    }

    [Theory]
    [InlineData("""{"model_type":"llama","hidden_size":4096,"intermediate_size":14336,"num_attention_heads":32,"num_key_value_heads":8,"num_hidden_layers":32,"vocab_size":128256}""", 8_030_261_248)]
    [InlineData("""{"model_type":"mistral","hidden_size":5120,"intermediate_size":14336,"num_attention_heads":32,"num_key_value_heads":8,"num_hidden_layers":40,"vocab_size":131072,"head_dim":128}""", 12_247_782_400)]
    [InlineData("""{"model_type":"mistral","hidden_size":4096,"intermediate_size":11520,"num_attention_heads":32,"num_key_value_heads":8,"num_hidden_layers":40,"vocab_size":131072,"head_dim":128}""", 8_414_105_600)]
    [InlineData("""{"model_type":"qwen2","hidden_size":896,"intermediate_size":4864,"num_attention_heads":14,"num_key_value_heads":2,"num_hidden_layers":24,"vocab_size":151936,"tie_word_embeddings":true}""", 494_032_768)]
    [InlineData("""{"model_type":"qwen3","hidden_size":1024,"intermediate_size":3072,"num_attention_heads":16,"num_key_value_heads":8,"num_hidden_layers":28,"vocab_size":151936,"tie_word_embeddings":true}""", 596_049_920)]
    [InlineData("""{"model_type":"granite","hidden_size":2048,"intermediate_size":8192,"num_attention_heads":32,"num_key_value_heads":8,"num_hidden_layers":40,"vocab_size":49155,"tie_word_embeddings":true}""", 2_533_531_648)]
    [InlineData("""{"model_type":"gemma2"}""", 2_614_341_888)]
    [InlineData("""{"model_type":"gemma3_text","hidden_size":1152,"intermediate_size":6912,"num_attention_heads":4,"num_key_value_heads":1,"num_hidden_layers":26,"vocab_size":262144}""", 999_885_952)]
    [InlineData("""{"model_type":"gemma3_text","hidden_size":640,"intermediate_size":2048,"num_attention_heads":4,"num_key_value_heads":1,"num_hidden_layers":18,"vocab_size":262144}""", 268_098_176)]
    [InlineData("""{"model_type":"olmo2","hidden_size":4096,"intermediate_size":11008,"num_attention_heads":32,"num_hidden_layers":32,"vocab_size":100352}""", 7_298_617_344)]
    [InlineData("""{"model_type":"olmo3","hidden_size":4096,"intermediate_size":11008,"num_attention_heads":32,"num_hidden_layers":32,"vocab_size":100278}""", 7_298_011_136)]
    [InlineData("""{"model_type":"smollm3"}""", 3_075_098_624)]
    [InlineData("""{"model_type":"phi3","hidden_size":3072,"intermediate_size":8192,"num_attention_heads":32,"num_key_value_heads":32,"num_hidden_layers":32,"vocab_size":32064}""", 3_821_079_552)]
    [InlineData("""{"model_type":"phi3","hidden_size":5120,"intermediate_size":17920,"num_attention_heads":40,"num_key_value_heads":10,"num_hidden_layers":40,"vocab_size":100352}""", 14_659_507_200)]
    [InlineData("""{"model_type":"phi3","hidden_size":3072,"intermediate_size":8192,"num_attention_heads":24,"num_key_value_heads":8,"num_hidden_layers":32,"vocab_size":200064,"tie_word_embeddings":true,"partial_rotary_factor":0.75}""", 3_836_021_760)]
    [InlineData("""{"model_type":"stablelm"}""", 2_795_443_200)]
    [InlineData("""{"model_type":"stablelm","hidden_size":2048,"intermediate_size":5632,"num_hidden_layers":24,"vocab_size":100352,"use_qkv_bias":true}""", 1_644_515_328)]
    [InlineData("""{"model_type":"starcoder2"}""", 3_030_371_328)]
    [InlineData("""{"model_type":"starcoder2","hidden_size":4608,"intermediate_size":18432,"num_attention_heads":36,"num_key_value_heads":4,"num_hidden_layers":32}""", 7_173_923_840)]
    [InlineData("""{"model_type":"mixtral"}""", 46_702_792_704)]
    [InlineData("""{"model_type":"mixtral","hidden_size":6144,"intermediate_size":16384,"num_attention_heads":48,"num_hidden_layers":56,"vocab_size":32768}""", 140_630_071_296)]
    [InlineData("""{"model_type":"qwen3_moe","num_hidden_layers":48,"head_dim":128}""", 30_532_122_624)]
    [InlineData("""{"model_type":"qwen3_5_text","hidden_size":1024,"intermediate_size":3584,"num_attention_heads":8,"num_key_value_heads":2,"num_hidden_layers":24,"linear_num_value_heads":16,"tie_word_embeddings":true}""", 752_393_024)]
    [InlineData("""{"model_type":"qwen3_5_text"}""", 8_953_803_264)]
    [InlineData("""{"model_type":"qwen3_5_text","hidden_size":5120,"intermediate_size":17408,"num_attention_heads":24,"num_hidden_layers":64,"linear_num_value_heads":48}""", 26_895_998_464)]
    [InlineData("""{"model_type":"qwen3_next"}""", 79_674_391_296)]
    [InlineData("""{"model_type":"qwen2_moe"}""", 14_315_784_192)]
    [InlineData("""{"model_type":"qwen2_moe","hidden_size":3584,"num_hidden_layers":28,"num_attention_heads":28,"num_key_value_heads":4,"intermediate_size":18944,"moe_intermediate_size":2560,"shared_expert_intermediate_size":20480,"num_experts":64,"num_experts_per_tok":8}""", 57_408_658_944)]
    [InlineData("""{"model_type":"gpt_oss","num_hidden_layers":24,"num_local_experts":32}""", 20_914_757_184)]
    [InlineData("""{"model_type":"gpt_oss"}""", 116_829_156_672)]
    [InlineData("""{"model_type":"olmoe","intermediate_size":1024}""", 6_919_161_856)]
    [InlineData("""{"model_type":"nemotron_h","hybrid_override_pattern":"M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-"}""",
        8_100_852_736)]
    [InlineData("""{"model_type":"nemotron_h","hidden_size":4480,"intermediate_size":15680,"hybrid_override_pattern":"M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-","num_attention_heads":40,"mamba_head_dim":80}""", 8_888_227_328)]
    [InlineData("""{"model_type":"nemotron_h","hidden_size":5120,"intermediate_size":20480,"hybrid_override_pattern":"M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M-","num_attention_heads":40,"mamba_head_dim":80}""", 12_310_001_152)]
    [InlineData("""{"model_type":"nemotron_h","hidden_size":4352,"intermediate_size":13824,"hybrid_override_pattern":"M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-MMMM-M-","num_attention_heads":40,"mamba_num_heads":120,"mamba_head_dim":80}""", 6_997_637_824)]
    public void Closed_form_equals_the_published_count(string json, long expected)
    {
        var config = Read(json);
        Assert.Equal(expected, config.Parameters);
    }

    [Theory]
    [InlineData("""{"model_type":"mixtral"}""", 12.88)]
    [InlineData("""{"model_type":"qwen3_moe","num_hidden_layers":48,"head_dim":128}""", 3.35)]
    [InlineData("""{"model_type":"qwen3_next"}""", 3.87)]
    [InlineData("""{"model_type":"qwen2_moe"}""", 2.69)]
    [InlineData("""{"model_type":"olmoe","intermediate_size":1024}""", 1.28)]
    public void Weights_that_a_token_takes_part_in_are_the_published_billions(string json, double billions)
    {
        var config = Read(json);
        Assert.Equal(billions, Math.Round(config.ActiveParameters / 1e9, 2));
        Assert.True(config.ForwardFlopsPerToken(1) < 2.1e9 * billions);
    }

    [Theory]
    [InlineData(3072, 9216, 32, 4.51)]
    [InlineData(4096, 14336, 16, 4.54)]
    public void Llama_3_1_minitrons_have_the_published_billions(int hidden, int ffn, int layers, double billions)
    {
        var config = Read($$"""
            {"model_type":"llama","hidden_size":{{hidden}},"intermediate_size":{{ffn}},"num_attention_heads":32,
             "num_key_value_heads":8,"num_hidden_layers":{{layers}},"head_dim":128,"vocab_size":128256}
            """);
        Assert.Equal(billions, Math.Round(config.Parameters / 1e9, 2));
    }

    [Theory]
    [InlineData(6144, 24576, 48, 15.63)]
    [InlineData(4096, 16384, 48, 8.27)]
    [InlineData(3072, 9216, 24, 4.19)]
    public void Nemotron_4_and_its_minitrons_have_the_published_billions(int hidden, int ffn, int heads, double billions)
    {
        var config = Read($$"""
            {"model_type":"nemotron","hidden_size":{{hidden}},"intermediate_size":{{ffn}},"num_attention_heads":{{heads}},
             "num_key_value_heads":8,"num_hidden_layers":32,"head_dim":128,"vocab_size":256000}
            """);
        Assert.Equal(billions, Math.Round(config.Parameters / 1e9, 2));
        Assert.Equal((NormKind.LayerNorm1p, ActivationKind.SquaredRelu, 0.5),
            (config.Norm, config.LayerKinds[0].Activation, config.Rotary.Fraction));
    }

    [Theory]
    [InlineData("gemma2")]
    [InlineData("gemma3_text")]
    [InlineData("granite")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("mixtral")]
    [InlineData("nemotron")]
    [InlineData("olmo2")]
    [InlineData("olmo3")]
    [InlineData("olmoe")]
    [InlineData("phi3")]
    [InlineData("qwen2")]
    [InlineData("qwen2_moe")]
    [InlineData("qwen3")]
    [InlineData("qwen3_5_text")]
    [InlineData("qwen3_moe")]
    [InlineData("qwen3_next")]
    [InlineData("smollm3")]
    public void Every_name_of_a_family_is_read_back_to_the_parameter_that_it_names(string modelType)
    {
        var family = FamilyCatalog.For(modelType, "config.json");
        var config = Read($$"""{"model_type":"{{modelType}}","num_hidden_layers":12,"num_key_value_heads":8}""") with
        {
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
        };
        if (modelType is "gemma2" or "gemma3_text" or "olmo2" or "olmo3" or "olmoe" or "qwen3_5_text" or "qwen3_moe" or "qwen3_next")
            config = config with { MlpBias = false };
        if (modelType is "mistral" or "mixtral" or "phi3" or "qwen2_moe")
            config = config with { QueryKeyValueBias = false, AttentionOutputBias = false, MlpBias = false };
        var seen = 0;
        foreach (var (name, parameter, _) in family.Parameters(config))
        {
            Assert.True(family.TryParse(name, out var parsed), name);
            Assert.Equal(parameter, parsed);
            seen++;
        }

        Assert.Equal(family.Parameters(config).Select(static parameter => parameter.Name).Distinct().Count(), seen);
    }

    [Theory]
    [InlineData("model.layers.01.mlp.up_proj.weight")]
    [InlineData("model.layers.-1.mlp.up_proj.weight")]
    [InlineData("model.layers.99999999999.mlp.up_proj.weight")]
    [InlineData("model.layers.{layer}.mlp.up_proj.weight")]
    [InlineData("model.layers..mlp.up_proj.weight")]
    [InlineData("model.layers.1.mlp.up_proj.weight.extra")]
    [InlineData("model.layers.")]
    [InlineData("lm_head.bias")]
    [InlineData("")]
    public void Names_that_the_table_lacks_are_not_parsed(string name) => Assert.False(new Llama().TryParse(name, out _));

    [Fact]
    public void Parameters_come_in_checkpoint_order_with_their_shapes()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families/mistral-nemo"));
        var parameters = checkpoint.Family.Parameters(checkpoint.Config).ToArray();
        Assert.Equal("model.embed_tokens.weight", parameters[0].Name);
        Assert.Equal("lm_head.weight", parameters[^1].Name);
        Assert.Equal([64L, 40L], parameters[1].Shape);
        Assert.Equal(checkpoint.Entries.Keys.Order(StringComparer.Ordinal),
            parameters.Select(static parameter => parameter.Name).Order(StringComparer.Ordinal));
    }

    private static DecoderConfig Read(string json)
    {
        var raw = JsonNode.Parse(json)!.AsObject();
        return FamilyCatalog.For(raw, "config.json").ReadConfig(raw, "config.json");
    }
}
