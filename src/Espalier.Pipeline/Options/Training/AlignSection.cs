using Espalier.Compression.Alignment.Packing;
using Espalier.Compression.Alignment.Preferences;

namespace Espalier.Pipeline.Options.Training;

/// <summary>How a model is aligned.</summary>
internal enum AlignMethod
{
    /// <summary>Supervised fine-tuning: cross-entropy on what the assistant wrote.</summary>
    Sft,

    /// <summary>Direct preference optimisation.</summary>
    Dpo,

    /// <summary>Reward-aware preference optimisation, by the divergence of the model's preference from the data's.</summary>
    RpoBwdKl,

    /// <summary>The same by the divergence of the data's preference from the model's.</summary>
    RpoFwdKl,

    /// <summary>The same by the squared distance of the margins.</summary>
    RpoSq,

    /// <summary>On-policy distillation: the student writes, and the teacher says how likely each token was.</summary>
    OnPolicy,
}

/// <summary>
/// One step of alignment: an entry of <c>align</c> in a recipe, and the options of the command <c>align</c>. Each part of this record
/// stands beside the declaration of its keys.
/// </summary>
internal sealed partial record AlignSection
{
    /// <summary>Peaks of the learning rate, in words.</summary>
    public const string DefaultRates = "1e-4, and 1e-5 with pairs";

    /// <summary>The word that stands for no template.</summary>
    public const string NoTemplate = "none";

    /// <summary>The word among sources that stands for what the recipe's teacher writes (<c>synthesize</c>).</summary>
    public const string Synthesized = "synthesized";

    private const double RateOfText = 1e-4, RateOfPairs = 1e-5;

    /// <summary>What is done.</summary>
    public AlignMethod Method { get; init; }

    /// <summary>Sources of conversations.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>Share of the conversations held out, by the hash of their text.</summary>
    public double HeldOut { get; init; } = 0.05;

    /// <summary>Tokens of a window; 0 where the section names none: those of the recipe's windows.</summary>
    public int Sequence { get; init; }

    /// <summary>A file with a chat template, or <see cref="NoTemplate"/>; null takes that of the model.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>What becomes of a conversation with more tokens than a window holds.</summary>
    public TooLong TooLong { get; init; }

    /// <summary>Share of the windows of a step that are text in place of conversations.</summary>
    public double Replay { get; init; }

    /// <summary>Windows of a step that are text.</summary>
    public int ReplayWindows => (int)Math.Round(Quantity.Part(Replay, Training.Batch), MidpointRounding.AwayFromZero);

    /// <summary>The loss of pairs; null where it learns from conversations.</summary>
    public PreferenceLoss? Preference => Method switch
    {
        AlignMethod.Dpo => new(PreferenceKind.Dpo, Beta, LabelSmoothing),
        AlignMethod.RpoBwdKl => new(PreferenceKind.RpoBwdKl, Beta, Eta: Eta),
        AlignMethod.RpoFwdKl => new(PreferenceKind.RpoFwdKl, Beta, Eta: Eta),
        AlignMethod.RpoSq => new(PreferenceKind.RpoSq, Beta, Eta: Eta),
        _ => null,
    };

    /// <summary>How it trains.</summary>
    public TrainingSection Training { get; init; } = new();

    /// <summary>Whether it reads what the recipe's teacher writes.</summary>
    public bool ReadsSynthesized => Data.Contains(Synthesized);

    /// <summary>The sources that are files.</summary>
    public IEnumerable<string> DataFiles => Data.Where(source => source != Synthesized);

    /// <summary>Whether the template is a file of the user's.</summary>
    public string? TemplateFile => ChatTemplate == NoTemplate ? null : ChatTemplate;

    /// <summary>Peak of the learning rate where none is named.</summary>
    public static double RateOf(AlignMethod method) => method is AlignMethod.Sft or AlignMethod.OnPolicy ? RateOfText : RateOfPairs;

    /// <summary>The keys that stand before those of any training.</summary>
    internal static Key<AlignSection>[] Keys { get; } = [.. DataKeys(), .. PreferenceKeys(), .. OnPolicyKeys()];

    /// <summary>What of a training stands after them.</summary>
    internal static Key<TrainingSection>[] TrainingKeys { get; } = TrainingSection.KeysOf(new(AlignsAt: RateOfText));

    /// <summary>What errors and the schema call it.</summary>
    internal static Section Section { get; } = new("align", [.. Keys, .. TrainingKeys]);

    /// <summary>Reads a step.</summary>
    /// <param name="fields">The section.</param>
    /// <param name="sequence">Tokens of a window where it names none.</param>
    internal static AlignSection Read(SectionFields fields, int sequence)
    {
        var section = Keys.Read(fields, new AlignSection());
        if (section.Sequence == 0)
            section = section with { Sequence = sequence };
        section = section with { Training = TrainingOf(section, fields) };
        if (section.Preference is not null && section.Training.RouterBalance > 0)
            throw fields.At("router-balance",
                $"method is {EnumName.Of(section.Method)}, whose loss on pairs has no such term; leave it out");
        return section.Replay > 0 && (section.ReplayWindows < 1 || section.ReplayWindows >= section.Training.Batch)
            ? throw fields.Wrong("replay",
                $"it makes {section.ReplayWindows} of the {section.Training.Batch} windows of a batch text, but at least one must be text "
                    + "and one must be conversations; use another share or a larger batch")
            : section;
    }

    /// <summary>The section with every default written out, one text for each meaning.</summary>
    internal JsonObject Canonical()
    {
        var fields = Keys.Canonical(this);
        foreach (var (name, value) in Training.Canonical(withLoss: false))
            fields[name] = value?.DeepClone();
        return fields;
    }

    /// <summary>What of the section, beside its training, determines the weights that come out.</summary>
    internal JsonObject StageOptions() => Keys.StageOptions(this);

    private static TrainingSection TrainingOf(AlignSection section, SectionFields fields) =>
        TrainingSection.Read(fields, new(section.Sequence, AlignsAt: RateOf(section.Method))) is var training && section.IsOnPolicy
            ? training with { Loss = section.Loss, Temperature = section.Temperature } : training;

    private static Key<AlignSection>[] DataKeys() =>
    [
        new Key<AlignSection, AlignMethod>("method", Kinds.Choice<AlignMethod>(), s => s.Method, (s, method) => s with { Method = method })
        {
            Help = "Training method: sft is cross-entropy on the assistant's turns; dpo and the reward-aware rpo-... learn from pairs "
                + "of answers; with on-policy the model writes and a teacher judges its tokens",
            Page = """
                The training method: `sft`, cross-entropy on the assistant's turns; `dpo` or the reward-aware `rpo-bwd-kl`, `rpo-fwd-kl`
                and `rpo-sq`, which learn from pairs of answers ([align](align.md#preferences)); or `on-policy`, where the model answers
                prompts and a teacher judges its tokens ([align](align.md#on-policy)).
                """,
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, IReadOnlyList<string>>(
            "data", Kinds.Texts("FILE"), s => s.Data, (s, sources) => s with { Data = sources })
        {
            Help = "Conversations: jsonl, json, csv or parquet files with messages, with prompt and completion, or with ShareGPT's "
                + "conversations; for preferences, pairs with chosen and rejected; also folders and patterns",
            Page = """
                Conversations, or pairs of answers, one source or a list: jsonl, json, csv or parquet files, folders or patterns;
                [align](align.md#data) describes their formats. In a recipe, `synthesized` stands for the texts that `synthesize` writes.
                """,
            IsRequired = true,
            Missing = _ => "align: [ { method: sft, data: conversations.jsonl, steps: 200 } ]",
            Refused = (_, sources) => sources.Count == 0 ? "it must name at least one source" : null,
            SchemaOf = () => Schemas.OneOrMore(Schemas.Text(), least: 1),
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, double>(
            "held-out", Kinds.ShareOf(Limits.From(0).Below(1)), s => s.HeldOut, (s, share) => s with { HeldOut = share })
        {
            Help = "Share of the conversations held out of training, chosen by the hash of their text; the loss on them is measured "
                + "before and after",
            PageDefault = "5%",
            Page = "Share of the data held out of training, chosen by the hash of its text. The loss on it is measured before and after.",
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, int>("sequence", Kinds.Size(most: 1 << 22), s => s.Sequence, (s, tokens) => s with { Sequence = tokens })
        {
            Help = "Tokens per window, into which whole conversations are packed; by default 256",
            ShowsDefault = false,
            Aliases = ["--seq"],
            PageDefault = "that of `data`",
            Page = "Tokens per window, into which whole conversations are packed.",
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, string?>(
            "chat-template", Kinds.Text("FILE"), s => s.ChatTemplate, (s, file) => s with { ChatTemplate = file })
        {
            Help = "Jinja chat template that replaces the model's own and is saved with the result; none writes a prompt followed by "
                + "its completion",
            PageDefault = "the model's",
            Page = """
                A Jinja chat template that replaces the model's own and is saved with the result. `none` writes a prompt followed by its
                completion and EOS, as is done anyway for a model without a template.
                """,
            IsLater = true,
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, TooLong>("too-long", Kinds.Choice<TooLong>(), s => s.TooLong, (s, way) => s with { TooLong = way })
        {
            Help = "What to do with a conversation that does not fit into a window: drop it, or cut off its end; both are counted",
            Page = """
                What to do with a conversation that does not fit into a window: `drop` leaves it out, `cut` cuts off its end. Both are
                counted.
                """,
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, double>(
            "replay", Kinds.ShareOf(Limits.From(0).Below(1)), s => s.Replay, (s, share) => s with { Replay = share })
        {
            Help = "With sft: share of each step's windows that hold text (--replay-data) instead of conversations, against forgetting",
            Page = """
                With `sft`: share of each step's windows that hold the recipe's training text instead of conversations, so that the model
                does not forget it ([align](align.md#against-forgetting)).
                """,
            Useless = s => s.Method == AlignMethod.Sft ? null
                : $"it is for method: sft, but the method is {EnumName.Of(s.Method)}; leave it out",
            IsLater = true,
        },
    ];
}
