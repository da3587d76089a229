using Espalier.Compression.Evaluation;

namespace Espalier.Pipeline.Options.Training;

/// <summary>Whether the teacher is corrected.</summary>
internal enum CorrectWhen
{
    /// <summary>In any case.</summary>
    Always,

    /// <summary>Where a test says that the teacher does not know such text.</summary>
    Auto,
}

/// <summary>When the teacher is corrected.</summary>
internal enum CorrectMode
{
    /// <summary>Before anything else: scores, student and distillation are of the corrected teacher.</summary>
    Before,

    /// <summary>During the distillation: scores and student are of the original teacher, and one loop trains both.</summary>
    Parallel,
}

/// <summary>Teacher correction beside how it trains.</summary>
internal sealed record CorrectionSection
{
    /// <summary>
    /// Loss beyond the teacher's own expectation, against a reference, from which on correction pays, nats per token. See <see
    /// cref="CorrectionTest"/>.
    /// </summary>
    public const double DefaultThreshold = 0.1;

    /// <summary>
    /// Peak learning rate of a correction that names none: low, for the teacher is to learn a text and not to forget what it knows. The
    /// paper takes a fifth of the peak of the teacher's own training; this is a fifth of the usual 1e-3 of small models.
    /// </summary>
    public const double DefaultLearningRate = 2e-4;

    // The settings of Minitron's second paper (arXiv 2408.11796).
    private const int PaperWarmUp = 120;

    /// <summary>Whether.</summary>
    public CorrectWhen When { get; init; } = CorrectWhen.Always;

    /// <summary>Before or during the distillation.</summary>
    public CorrectMode Mode { get; init; } = CorrectMode.Before;

    /// <summary>With <see cref="CorrectWhen.Auto"/>: what the difference must be above.</summary>
    public double Threshold { get; init; } = DefaultThreshold;

    /// <summary>With <see cref="CorrectWhen.Auto"/>: text that the teacher knows well; null takes what it wrote itself.</summary>
    public string? Reference { get; init; }

    /// <summary>
    /// Seed of the order of a correction, for that of the recipe: the next one, so that teacher and student do not see the text in one
    /// order. <c>espalier correct --seed</c> takes it as it is.
    /// </summary>
    public static long SeedOf(long seed) => seed + 1;

    /// <summary>Warm-up steps of a correction that names none: as the paper, but at most a tenth of the steps.</summary>
    public static int DefaultWarmUp(long steps) => (int)Math.Min(PaperWarmUp, steps / 10);

    /// <summary>What a recipe says of a correction.</summary>
    internal static Section Section { get; } = new("correct", [.. Keys(), .. TrainingSection.KeysOf(new(Corrects: true))])
    {
        Word = "auto",
        Without = "never",
        WhyNot = key => TrainingSection.KeysOfLoss().Any(loss => loss.Name == key)
            ? "the teacher is always corrected with cross-entropy; leave it out" : null,
    };

    /// <summary>The keys, which stand in <c>correct</c> before those of any training.</summary>
    internal static Key<CorrectionSection>[] Keys() =>
    [
        new Key<CorrectionSection, CorrectWhen>("when", Kinds.Choice<CorrectWhen>(), s => s.When, (s, when) => s with { When = when })
        {
            IsOption = false,
            Stage = InStageKey.Never,
            Page = "`always`, or `auto`: only if the test calls for it.",
        },
        new Key<CorrectionSection, CorrectMode>("mode", Kinds.Choice<CorrectMode>(), s => s.Mode, (s, mode) => s with { Mode = mode })
        {
            IsOption = false,
            Stage = InStageKey.Never,
            Page = "`before` everything else, or `parallel`: during the distillation.",
        },
        new Key<CorrectionSection, double>(
            "threshold", Kinds.Number("X", Limits.From(0), "from 0, nats per token"),
            s => s.Threshold, (s, threshold) => s with { Threshold = threshold })
        {
            Help = "Correction is needed if the difference exceeds this with 95 % confidence, in nats per token",
            Page = "With `auto`: the difference that must be exceeded, in nats per token.",
            Useless = OutsideTheTest,
        },
        new Key<CorrectionSection, string?>("reference", Kinds.Text("PATH"), s => s.Reference,
            (s, reference) => s with { Reference = reference })
        {
            Help = "Text or ids that the teacher knows well; by default self-written.jsonl in its folder, otherwise text that it "
                + "writes now",
            Stage = InStageKey.Never,
            PageDefault = "`self-written.jsonl` in the teacher's folder",
            Page = """
                With `auto`: text or ids that the teacher knows well. If there is none, the teacher writes 16 windows itself (temperature
                1, from the seed), one token at a time.
                """,
            Useless = OutsideTheTest,
        },
        new Key<CorrectionSection, double?>(
            "teacher-learning-rate", Kinds.Number("RATE", Limits.Above(0), "above 0: the peak of the teacher's own training").OrAbsent(),
            _ => null, (s, _) => s)
        {
            IsOption = false,
            Stage = InStageKey.Never,
            Page = "The peak learning rate of the teacher's own training. Replaces `learning-rate`, which becomes a fifth of it.",
            IsCanonical = false,
            Reader = (_, s) => s,
        },
    ];

    private static string? OutsideTheTest(CorrectionSection section) =>
        section.When == CorrectWhen.Auto ? null : "it is for when: auto; add that or leave it out";
}
