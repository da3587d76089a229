using Espalier.Compression.Alignment.Rollouts;
using Espalier.Compression.Distillation;

namespace Espalier.Pipeline.Options.Training;

internal sealed partial record AlignSection
{
    /// <summary>Whether the model learns from what it writes itself.</summary>
    public bool IsOnPolicy => Method == AlignMethod.OnPolicy;

    /// <summary>Folder of the teacher that judges what is written; null for the recipe's.</summary>
    public string? Teacher { get; init; }

    /// <summary>The loss on logits of written tokens.</summary>
    public string Loss { get; init; } = "reverse-kl";

    /// <summary>Temperature of the loss.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Steps between two writings.</summary>
    public long Refresh { get; init; } = 4;

    /// <summary>Most tokens of an answer.</summary>
    public RolloutLengths RolloutLength { get; init; } = new(32, 128);

    /// <summary>Temperature at which answers are written.</summary>
    public double RolloutTemperature { get; init; } = 1;

    private static Key<AlignSection>[] OnPolicyKeys() =>
    [
        new Key<AlignSection, string?>("teacher", Kinds.Text("FOLDER"), s => s.Teacher, (s, folder) => s with { Teacher = folder })
        {
            Help = "With on-policy: Hugging Face folder of the teacher",
            PageDefault = "the recipe's, after correction",
            Page = "With `on-policy`: the teacher's Hugging Face folder.",
            Useless = WithoutWriting,
            IsLater = true,
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, string>(
            "loss", Kinds.Parsed("LOSS", text => LossSpec.Parse(text).ToString(), loss => loss, LossSpec.Pattern), s => s.Loss,
            (s, loss) => s with { Loss = loss })
        {
            Help = "With on-policy: loss on the logits of the written tokens, such as reverse-kl or jensen-shannon(0.5)",
            Page = "With `on-policy`: the loss on the logits of the written tokens: any loss of `distill` that uses a teacher.",
            Useless = WithoutWriting,
            Refused = (_, loss) => LossSpec.Parse(loss).NeedsTeacher ? null : "it must be a loss that uses the teacher, such as reverse-kl",
            IsLater = true,
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, double>(
            "temperature", TrainingSection.TemperatureKind, s => s.Temperature, (s, temperature) => s with { Temperature = temperature })
        {
            Help = "With on-policy: divides both models' logits in the loss",
            Page = "With `on-policy`: divides both models' logits in the loss.",
            Useless = WithoutWriting,
            IsLater = true,
            Stage = InStageKey.Never,
        },
        new Key<AlignSection, long>("refresh", Kinds.Count(), s => s.Refresh, (s, steps) => s with { Refresh = steps })
        {
            Help = "With on-policy: steps after which the model writes new answers with its current weights",
            Page = "With `on-policy`: steps after which the model writes new answers with its current weights. 1 is strictest and slowest.",
            Useless = WithoutWriting,
            IsLater = true,
        },
        new Key<AlignSection, RolloutLengths>(
            "rollout-length", Kinds.Parsed("N to N", RolloutLengths.Parse, lengths => lengths.ToString(),
                $"^ *{Schemas.Quantity} *( to +{Schemas.Quantity} *)?$"), s => s.RolloutLength,
                    (s, lengths) => s with { RolloutLength = lengths })
        {
            Help = "With on-policy: maximum tokens per answer, or how it changes during training, such as 32 to 128",
            Page = "With `on-policy`: maximum tokens per answer; `FIRST to LAST` moves from one to the other during training.",
            Useless = WithoutWriting,
            SchemaOf = () => Schemas.AnyOf(Schemas.Count(1), Schemas.Pattern($"^ *{Schemas.Quantity} *( to +{Schemas.Quantity} *)?$")),
            Refused = (s, lengths) => s.Sequence > 0 && lengths.Longest >= s.Sequence
                ? $"a window has {s.Sequence} tokens, and the prompt needs some of them" : null,
            IsLater = true,
        },
        new Key<AlignSection, double>(
            "rollout-temperature", TrainingSection.TemperatureKind, s => s.RolloutTemperature,
            (s, temperature) => s with { RolloutTemperature = temperature })
        {
            Help = "With on-policy: temperature at which the model's answers are sampled",
            Page = "With `on-policy`: the temperature at which the model's answers are sampled.",
            Useless = WithoutWriting,
            IsLater = true,
        },
    ];

    private static string? WithoutWriting(AlignSection section) => section.IsOnPolicy ? null
        : $"it is for method: on-policy, but the method is {EnumName.Of(section.Method)}; leave it out";
}
