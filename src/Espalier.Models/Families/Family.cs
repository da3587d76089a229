using Espalier.Models.Families.Fields;

namespace Espalier.Models.Families;

/// <summary>
/// A family of models as Hugging Face knows it: its <c>config.json</c> to <see cref="DecoderConfig"/> and back, and its one
/// table of parameter names. A new family is a copy of a sibling's file, added to <see cref="FamilyCatalog"/>.
/// </summary>
/// <param name="modelType">The <c>model_type</c> in <c>config.json</c>.</param>
/// <param name="architecture">The class in <c>architectures</c>.</param>
internal abstract class Family(string modelType, string architecture)
{
    // What a config says where the class has the field: which projections have biases, and how experts share a token.
    private const string AttentionBias = "attention_bias", MlpBias = "mlp_bias";
    private const string HeadDim = "head_dim";
    private const string ExpertsPerToken = "num_experts_per_tok", NormalizesExpertWeights = "norm_topk_prob";

    public string ModelType => modelType;

    public string Architecture => architecture;

    /// <summary>Parameter name and role, read both ways.</summary>
    public abstract ParameterTable Table { get; }

    /// <summary>
    /// What the config class of transformers 4.57 writes for a field that a file lacks, which is also what an absent field means.
    /// </summary>
    protected abstract JsonObject Defaults { get; }

    /// <summary>The same, to be compared with those of transformers.</summary>
    internal JsonObject DefaultFields => Defaults;

    /// <summary>The values of <see cref="ActivationField"/> that mean this family's activation; the first is canonical.</summary>
    protected virtual IReadOnlyList<string> Activations => ["silu", "swish"];

    protected virtual string ActivationField => "hidden_act";

    protected internal virtual string EpsilonField => "rms_norm_eps";

    /// <summary>Whether the config class fills in a <c>head_dim</c> that is absent or null, as most do that have the field.</summary>
    protected virtual bool FillsHeadDim => Has(HeadDim);

    /// <summary>The field of a size, where the family has another one than most; null where this file says it otherwise.</summary>
    protected virtual string? FieldOf(Axis axis, JsonObject fields) => axis.Field;

    /// <summary>The name of a size in a <c>config.json</c> of this family, for who reads it.</summary>
    internal string NameOf(Axis axis, JsonObject fields) => FieldOf(axis, fields) ?? axis.Field;

    protected virtual int LayersOf(ConfigFields fields) => fields.Int(Axis.Layers.Field);

    /// <summary>Whether queries and keys turn with their position, so that the config says how.</summary>
    protected internal virtual bool HasRotary => true;

    /// <summary>What the table calls a tensor that files call otherwise, too.</summary>
    /// <param name="stored">Its name in the file.</param>
    public virtual string NameIn(string stored) => stored;

    /// <summary>
    /// Whether <c>partial_rotary_factor</c> may leave a part of each head unturned; in the other families programs disagree on what it
    /// means.
    /// </summary>
    protected internal virtual bool TurnsPartly => false;

    /// <summary>Whether layers with a window turn by a base of their own, so that <c>rope_parameters</c> has settings by kind.</summary>
    protected virtual bool TurnsByKind => false;

    /// <summary>Adds what is this family's own to the config that the common fields give.</summary>
    protected virtual DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common;

    /// <summary>Writes what is this family's own, after the common fields.</summary>
    protected virtual void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
    }

    public string NameOf(Parameter parameter) => Table.NameOf(parameter);

    /// <summary>The parameter that a checkpoint's name stands for; false where the family has no such name.</summary>
    public bool TryParse(string name, out Parameter parameter) => Table.TryParse(name, out parameter);

    /// <summary>Every parameter of a decoder of this config, in checkpoint order, with its shape.</summary>
    public IEnumerable<NamedParameter> Parameters(DecoderConfig config) => Table.Parameters(config);

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="raw">The object that the file holds.</param>
    /// <param name="source">The file, for errors.</param>
    /// <exception cref="EspalierException">A field has a wrong type, an impossible value, or asks for what is not supported.</exception>
    public DecoderConfig ReadConfig(JsonObject raw, string source)
    {
        var fields = new ConfigFields(raw, Defaults, source);
        QuantizationFields.RequireNone(fields);
        var activation = fields.Text(ActivationField);
        if (activation is null || !Activations.Contains(activation))
            throw fields.Wrong(ActivationField, $"a {ModelType} model must have {string.Join(" or ", Activations)}");

        var (hidden, heads, maxPositions) =
            (fields.Int("hidden_size"), fields.Int("num_attention_heads"), fields.Int("max_position_embeddings"));
        var common = new DecoderConfig
        {
            Family = ModelType,
            VocabularySize = fields.Int("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = fields.Int("intermediate_size"),
            Layers = LayersOf(fields),
            QueryHeads = heads,
            KeyValueHeads = fields.OptionalInt("num_key_value_heads") ?? heads,
            HeadDim = fields.OptionalInt(HeadDim) ?? hidden / heads,
            TiedEmbeddings = fields.Bool("tie_word_embeddings"),
            MaxPositions = maxPositions,
            NormEpsilon = fields.Positive(EpsilonField),
            Rotary = HasRotary ? RotaryFields.Read(fields, maxPositions, TurnsPartly, TurnsByKind) : new(),
            BosTokenId = fields.OptionalInt("bos_token_id", least: 0),
            EosTokenIds = fields.Ids("eos_token_id"),
            QueryKeyValueBias = Has(AttentionBias) && fields.Bool(AttentionBias),
            AttentionOutputBias = Has(AttentionBias) && fields.Bool(AttentionBias),
            MlpBias = Has(MlpBias) && fields.Bool(MlpBias),
            ExpertsPerToken = Has(ExpertsPerToken) ? fields.Int(ExpertsPerToken) : 0,
            NormalizesExpertWeights = Has(NormalizesExpertWeights) && fields.Bool(NormalizesExpertWeights),
        };
        // A kind is made for each layer.
        common.RequireLayers(source);
        return Specify(common, fields).Validate(source, axis => NameOf(axis, raw));
    }

    /// <summary>
    /// The <c>config.json</c> of a target, as <c>save_pretrained</c> of transformers 4.57 writes it: the source's fields (known here or
    /// not) with the target's values, the family's defaults for what the source lacks, in alphabetical order. How positions turn is said in
    /// the one form that the source has (<see cref="RotaryFields"/>).
    /// </summary>
    /// <param name="target">The shapes to write.</param>
    /// <param name="source">The <c>config.json</c> of the model that the target comes from; empty for none.</param>
    /// <param name="stored">Type of the weights beside it.</param>
    /// <exception cref="EspalierException">The family's <c>config.json</c> cannot say what the target asks for.</exception>
    public JsonObject WriteConfig(DecoderConfig target, JsonObject source, ElementType stored)
    {
        var toBeWritten = $"the {ModelType} config to be written";
        target.Validate(toBeWritten, axis => NameOf(axis, source));
        var fields = (JsonObject)source.DeepClone();
        var inParameters = HasRotary && RotaryFields.KeepOneForm(
            fields, new(fields, Defaults, toBeWritten), target.MaxPositions, TurnsPartly, TurnsByKind);
        foreach (var (name, value) in Defaults)
            if (!fields.ContainsKey(name) && !(inParameters && RotaryFields.Older.Contains(name)))
                fields[name] = value?.DeepClone();

        fields.Remove("torch_dtype");
        QuantizationFields.Remove(fields);
        fields["architectures"] = new JsonArray(Architecture);
        fields["model_type"] = ModelType;
        fields["dtype"] = stored.ConfigName();
        PretrainedConfig.Complete(fields);

        ConfigJson.Set(fields, "vocab_size", target.VocabularySize);
        foreach (var axis in Axis.All.Where(axis => axis.Of(target) > 0))
            if (FieldOf(axis, fields) is { } field)
                ConfigJson.Set(fields, field, axis.Of(target));
        if (FillsHeadDim || fields[HeadDim] is not null || target.HeadDim != target.HiddenSize / target.QueryHeads)
            ConfigJson.Set(fields, HeadDim, target.HeadDim);
        fields["tie_word_embeddings"] = target.TiedEmbeddings;
        ConfigJson.Set(fields, "max_position_embeddings", target.MaxPositions);
        ConfigJson.SetFloat(fields, EpsilonField, target.NormEpsilon);
        if (HasRotary)
            RotaryFields.Write(target.Rotary, fields, TurnsPartly);
        WriteIds(target, fields);
        if (Has(AttentionBias))
            fields[AttentionBias] = target.QueryKeyValueBias;
        if (Has(MlpBias))
            fields[MlpBias] = target.MlpBias;
        if (Has(ExpertsPerToken))
            ConfigJson.Set(fields, ExpertsPerToken, target.ExpertsPerToken);
        if (Has(NormalizesExpertWeights))
            fields[NormalizesExpertWeights] = target.NormalizesExpertWeights;
        WriteSpecific(target, fields);
        PretrainedConfig.DropDefaults(fields, Defaults);

        // What the file says must be what was asked for: a target that this family cannot express stops here.
        var written = ReadConfig(fields, toBeWritten);
        return written with { EosTokenIds = target.EosTokenIds } == target && written.EosTokenIds.SequenceEqual(target.EosTokenIds)
            ? ConfigJson.Sorted(fields)
            : throw new EspalierException(
                $"a {ModelType} config.json cannot express the target: {target} was requested, but the file would say {written}");
    }

    /// <summary>How a program takes positions to turn that does not know <c>rope_parameters</c>.</summary>
    internal RotaryConfig OlderRotary(JsonObject written, int maxPositions)
    {
        if (!HasRotary)
            return new();
        var fields = (JsonObject)written.DeepClone();
        RotaryFields.RemoveParameters(fields);
        return RotaryFields.Read(new(fields, Defaults, "config.json"), maxPositions, TurnsPartly, TurnsByKind);
    }

    private bool Has(string field) => Defaults.ContainsKey(field);

    private static void WriteIds(DecoderConfig target, JsonObject fields)
    {
        ConfigJson.Set(fields, "bos_token_id", target.BosTokenId);
        // One id stands alone or in a list of one; a list is left as it is where it says the same.
        if (new ConfigFields(fields, [], "config.json").Ids("eos_token_id").SequenceEqual(target.EosTokenIds))
            return;
        fields["eos_token_id"] = target.EosTokenIds.Count switch
        {
            0 => null,
            1 => target.EosTokenIds[0],
            _ => new JsonArray([.. target.EosTokenIds.Select(static id => JsonValue.Create(id))]),
        };
    }
}
