using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Families;

/// <summary>
/// Nemotron-H and Nemotron-Nano-2 (arXiv 2504.03624, 2508.14444): each layer is one norm and one half, a Mamba-2 mixer, attention without
/// rotation, or an ungated feed-forward block.
/// </summary>
internal sealed class NemotronH() : Family("nemotron_h", "NemotronHForCausalLM")
{
    // As published folders and as transformers 5 say what the layers are; both are read, and written where the source has them.
    private const string Pattern = "hybrid_override_pattern", Types = "layers_block_type";

    private const string Layers = "num_hidden_layers", HeadDim = "head_dim", OlderHeadDim = "attention_head_dim", Steps = "time_step_limit",
        StateType = "mamba_ssm_cache_dtype";

    private static readonly LayerKind s_half = new() { Activation = ActivationKind.SquaredRelu, IsRotary = false };

    // Letter, name and newer name of each kind of layer; of a mixture of experts there is no kind.
    private static readonly (char Letter, string Name, string Newer, LayerKind? Kind)[] s_kinds =
    [
        ('M', "mamba", "linear_attention", s_half with { HasAttention = false, HasMamba = true, HasFeedForward = false }),
        ('*', "attention", "full_attention", s_half with { HasFeedForward = false }),
        ('-', "mlp", "mlp", s_half with { HasAttention = false }),
        ('E', "moe", "moe", null),
    ];

    // What a state is kept in between tokens; auto is what the model is computed in.
    private static readonly (string Name, ElementType? Type)[] s_stateTypes =
        [("float32", ElementType.F32), ("bfloat16", ElementType.BF16), ("float16", ElementType.F16), ("auto", null)];

    // What is refused where it is on, with the reason.
    private static readonly (string Field, string Why)[] s_refused =
    [
        ("attention_bias", "the models' own code and transformers disagree on it; set it to false if the file has no such biases"),
        ("mamba_proj_bias", "the models' own code and transformers disagree on it; use_bias is the field for biases of the projections"),
    ];

    public override ParameterTable Table { get; } = new(
        (Embedding, "backbone.embeddings.weight"),
        (InputNorm, "backbone.layers.{layer}.norm.weight"),
        (MambaStepBias, "backbone.layers.{layer}.mixer.dt_bias"),
        (MambaLogDecay, "backbone.layers.{layer}.mixer.A_log"),
        (MambaSkip, "backbone.layers.{layer}.mixer.D"),
        (MambaInputConvolution, "backbone.layers.{layer}.mixer.conv1d.weight#x"),
        (MambaBConvolution, "backbone.layers.{layer}.mixer.conv1d.weight#B"),
        (MambaCConvolution, "backbone.layers.{layer}.mixer.conv1d.weight#C"),
        (MambaInputConvolutionBias, "backbone.layers.{layer}.mixer.conv1d.bias#x"),
        (MambaBConvolutionBias, "backbone.layers.{layer}.mixer.conv1d.bias#B"),
        (MambaCConvolutionBias, "backbone.layers.{layer}.mixer.conv1d.bias#C"),
        (MambaGateProjection, "backbone.layers.{layer}.mixer.in_proj.weight#z"),
        (MambaInputProjection, "backbone.layers.{layer}.mixer.in_proj.weight#x"),
        (MambaBProjection, "backbone.layers.{layer}.mixer.in_proj.weight#B"),
        (MambaCProjection, "backbone.layers.{layer}.mixer.in_proj.weight#C"),
        (MambaStepProjection, "backbone.layers.{layer}.mixer.in_proj.weight#dt"),
        (MambaGateProjectionBias, "backbone.layers.{layer}.mixer.in_proj.bias#z"),
        (MambaInputProjectionBias, "backbone.layers.{layer}.mixer.in_proj.bias#x"),
        (MambaBProjectionBias, "backbone.layers.{layer}.mixer.in_proj.bias#B"),
        (MambaCProjectionBias, "backbone.layers.{layer}.mixer.in_proj.bias#C"),
        (MambaStepProjectionBias, "backbone.layers.{layer}.mixer.in_proj.bias#dt"),
        (MambaNorm, "backbone.layers.{layer}.mixer.norm.weight"),
        (MambaOutputProjection, "backbone.layers.{layer}.mixer.out_proj.weight"),
        (MambaOutputProjectionBias, "backbone.layers.{layer}.mixer.out_proj.bias"),
        (QueryProjection, "backbone.layers.{layer}.mixer.q_proj.weight"),
        (KeyProjection, "backbone.layers.{layer}.mixer.k_proj.weight"),
        (ValueProjection, "backbone.layers.{layer}.mixer.v_proj.weight"),
        (OutputProjection, "backbone.layers.{layer}.mixer.o_proj.weight"),
        (UpProjection, "backbone.layers.{layer}.mixer.up_proj.weight"),
        (UpProjectionBias, "backbone.layers.{layer}.mixer.up_proj.bias"),
        (DownProjection, "backbone.layers.{layer}.mixer.down_proj.weight"),
        (DownProjectionBias, "backbone.layers.{layer}.mixer.down_proj.bias"),
        (FinalNorm, "backbone.norm_f.weight"),
        (Head, "lm_head.weight"));

    /// <summary>
    /// Those of transformers 5.12 but for what only mixtures of experts read: where a folder has <c>num_experts_per_tok</c>, llama.cpp's
    /// converter takes it for one.
    /// </summary>
    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 1, "chunk_size": 128, "conv_kernel": 4, "eos_token_id": 2,
          "expand": 2, "head_dim": 128, "hidden_dropout": 0.0, "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 21504,
          "layer_norm_epsilon": 1e-05, "mamba_head_dim": 64, "mamba_hidden_act": "silu", "mamba_num_heads": 128, "mamba_proj_bias": false,
          "mamba_ssm_cache_dtype": "float32", "max_position_embeddings": 4096, "mlp_bias": false, "mlp_hidden_act": "relu2", "n_groups": 8,
          "num_attention_heads": 32, "num_key_value_heads": 8, "num_logits_to_keep": 1, "pad_token_id": 0,
          "rescale_prenorm_residual": true, "residual_in_fp32": false, "sliding_window": null, "ssm_state_size": 128,
          "tie_word_embeddings": false, "time_step_floor": 0.0001, "time_step_max": 0.1, "time_step_min": 0.001, "use_bias": false,
          "use_cache": true, "use_conv_bias": true, "use_mamba_kernels": true, "vocab_size": 131072
        }
        """);

    protected override IReadOnlyList<string> Activations => ["relu2"];

    protected override string ActivationField => "mlp_hidden_act";

    protected internal override string EpsilonField => "layer_norm_epsilon";

    protected internal override bool HasRotary => false;

    /// <summary>transformers 5 says <c>model.</c>, and writes the table as <c>embedding</c>.</summary>
    public override string NameIn(string stored)
    {
        var name = stored.StartsWith("model.", StringComparison.Ordinal) ? $"backbone.{stored["model.".Length..]}" : stored;
        return name == "backbone.embedding.weight" ? "backbone.embeddings.weight" : name;
    }

    protected override string? FieldOf(Axis axis, JsonObject fields) =>
        axis == Axis.Layers && !fields.ContainsKey(Layers) ? null : axis.Field;

    protected override int LayersOf(ConfigFields fields) => KindsOf(fields).Count;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        foreach (var (field, why) in s_refused)
            if (fields.Bool(field))
                throw fields.Wrong(field, why);
        if (fields.OptionalInt("sliding_window") is not null)
            throw fields.Wrong("sliding_window", "sliding windows are not supported in this family; set it to null, as its models do");
        if (fields.Text("mamba_hidden_act") is not ("silu" or "swish"))
            throw fields.Wrong("mamba_hidden_act", $"a {ModelType} model must have silu");
        var (steps, stateType) = (fields.Range(Steps), fields.Text(StateType));
        var at = Array.FindIndex(s_stateTypes, one => one.Name == stateType);
        if (at < 0)
            throw fields.Wrong(StateType, $"known: {string.Join(", ", s_stateTypes.Select(one => one.Name))}");
        return common with
        {
            HeadDim = !fields.IsGiven(HeadDim) && fields.Says(OlderHeadDim) ? fields.Int(OlderHeadDim) : common.HeadDim,
            LayerKinds = LayerKinds.Of(KindsOf(fields)),
            Mamba = new()
            {
                Heads = fields.Int("mamba_num_heads"),
                HeadDim = fields.Int("mamba_head_dim"),
                Groups = fields.Int("n_groups"),
                StateSize = fields.Int("ssm_state_size"),
                Kernel = fields.Int("conv_kernel"),
                StateType = s_stateTypes[at].Type,
                LeastStep = steps?.Least ?? 0,
                MostStep = steps?.Most ?? double.PositiveInfinity,
                ProjectionBias = fields.Bool("use_bias"),
                ConvolutionBias = fields.Bool("use_conv_bias"),
            },
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        var layers = Enumerable.Range(0, target.Layers)
            .Select(layer => s_kinds.First(kind => kind.Kind == target.LayerKinds[layer])).ToArray();
        if (fields.ContainsKey(Pattern))
            fields[Pattern] = string.Concat(layers.Select(layer => layer.Letter));
        // transformers 5 has renamed two of them since; a file keeps the names that it has.
        var isNewer = fields[Types] is JsonArray names && names.Any(name => name is JsonValue value && value.TryGetValue(out string? said)
            && s_kinds.Any(kind => kind.Newer == said && kind.Name != said));
        if (fields.ContainsKey(Types) || !fields.ContainsKey(Pattern))
            fields[Types] = new JsonArray([.. layers.Select(layer => JsonValue.Create(isNewer ? layer.Newer : layer.Name))]);
        if (fields.ContainsKey(OlderHeadDim))
            ConfigJson.Set(fields, OlderHeadDim, target.HeadDim);
        ConfigFields.KeepInfinity(fields, Steps);
    }

    // The kind of each layer, from the input up.
    private static List<LayerKind> KindsOf(ConfigFields fields)
    {
        List<LayerKind>? byPattern = null, byTypes = null;
        if (fields.Says(Pattern))
            byPattern = [.. fields.Text(Pattern)!.Select(letter => Of(Pattern, $"'{letter}'",
                Array.FindIndex(s_kinds, kind => kind.Letter == letter)))];
        if (fields.Says(Types))
            byTypes = [.. fields.Texts(Types).Select(name =>
                Of(Types, name, Array.FindIndex(s_kinds, kind => kind.Name == name || kind.Newer == name)))];
        if (byPattern is null && byTypes is null)
            throw new EspalierException($"{fields.Source}: does not say which layers are mamba, attention or mlp: {Types} lists them, or "
                + $"{Pattern} in published folders; without either, transformers assumes four layers that no published model has");
        if (byPattern is not null && byTypes is not null && !byPattern.SequenceEqual(byTypes))
            throw fields.Wrong(Types, $"{Pattern} is {fields.Text(Pattern)}, which contradicts it; keep one of the two");
        var kinds = byTypes ?? byPattern!;
        if (kinds.Count == 0)
            throw fields.Wrong(byTypes is null ? Pattern : Types, "it must name at least one layer");
        if (fields.Says(Layers) && fields.Int(Layers) != kinds.Count)
            throw fields.Wrong(Layers, $"{(byTypes is null ? Pattern : Types)} names {kinds.Count} layers");
        return kinds;

        LayerKind Of(string field, string said, int at) => at < 0
            ? throw fields.Wrong(field, $"{said} is not a kind of layer; known: "
                + string.Join(", ", s_kinds.Select(kind => field == Pattern ? $"{kind.Letter} ({kind.Name})" : kind.Name)))
            : s_kinds[at].Kind ?? throw fields.Wrong(field, $"{said} is a mixture of experts; {s_kinds[at].Name} layers are not "
                + "supported in this family; models whose layers are mamba, attention and mlp are");
    }
}
