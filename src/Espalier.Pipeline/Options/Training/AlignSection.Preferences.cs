using Espalier.Compression.Alignment.Preferences;

namespace Espalier.Pipeline.Options.Training;

internal sealed partial record AlignSection
{
    /// <summary>β: how much a nat of log-probability against the reference counts.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>Share of the pairs that are taken to be labelled the wrong way round.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>η: what rewards are multiplied by.</summary>
    public double Eta { get; init; } = 1;

    /// <summary>Weight of the chosen answer's cross-entropy beside the loss of the pair.</summary>
    public double SftWeight { get; init; }

    private static Key<AlignSection>[] PreferenceKeys() =>
    [
        new Key<AlignSection, double>("beta", Kinds.Number("X", Limits.Above(0)), s => s.Beta, (s, beta) => s with { Beta = beta })
        {
            Help = "With pairs: weight of a nat of log-probability relative to the reference model; small values let the model move "
                + "far from it",
            Page = """
                With pairs: weight of a nat of log-probability relative to the reference model. Small values let the model move far from
                it.
                """,
            Useless = WithoutPairs,
            IsLater = true,
        },
        new Key<AlignSection, double>(
            "label-smoothing", Kinds.Number("X", Limits.From(0).Below(0.5)), s => s.LabelSmoothing,
            (s, share) => s with { LabelSmoothing = share })
        {
            Help = "With dpo: share of the pairs assumed to be labelled the wrong way round",
            Page = "With `dpo`: share of the pairs assumed to be labelled the wrong way round (conservative DPO).",
            Useless = s => s.Method == AlignMethod.Dpo ? null
                : $"it is for method: dpo, but the method is {EnumName.Of(s.Method)}; leave it out",
            IsLater = true,
        },
        new Key<AlignSection, double>("eta", Kinds.Number("X", Limits.Above(0)), s => s.Eta, (s, eta) => s with { Eta = eta })
        {
            Help = "With rpo-...: factor applied to the rewards",
            Page = "With `rpo-...`: factor applied to `chosen_reward` and `rejected_reward`.",
            Useless = s => s.Preference is { NeedsRewards: true } ? null
                : $"it is for the methods with rewards (rpo-...), but the method is {EnumName.Of(s.Method)}; leave it out",
            IsLater = true,
        },
        new Key<AlignSection, double>(
            "sft-weight", Kinds.Number("X", Limits.From(0).Below(1000)), s => s.SftWeight, (s, weight) => s with { SftWeight = weight })
        {
            Help = "With pairs: weight of the chosen answer's mean cross-entropy, added to the loss on the pair",
            Page = "With pairs: weight of the chosen answer's mean cross-entropy per token, added to the loss on the pair.",
            Useless = WithoutPairs,
            IsLater = true,
        },
    ];

    private static string? WithoutPairs(AlignSection section) => section.Preference is not null ? null
        : $"it is for methods that learn from pairs, but the method is {EnumName.Of(section.Method)}; leave it out";
}
