using Espalier.Compression.Training.Schedules;

namespace Espalier.Pipeline.Options.Training;

internal sealed partial record TrainingSection
{
    private const int DefaultWarmUp = 10;

    /// <summary>Course of the learning rate after the warm-up.</summary>
    public ScheduleKind Schedule { get; init; }

    /// <summary>Peak of the schedule; a correction's is <see cref="CorrectionSection.DefaultLearningRate"/> where it names none.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>End of the schedule; without a meaning where it is constant.</summary>
    public double MinLearningRate { get; init; } = 1e-4;

    /// <summary>Warm-up steps.</summary>
    public int WarmUp { get; init; } = DefaultWarmUp;

    /// <summary>Steps of the decay of <see cref="ScheduleKind.Wsd"/>; null is a tenth of the steps.</summary>
    public long? DecaySteps { get; init; }

    /// <summary>End of a schedule that names none, for its peak: a tenth.</summary>
    /// <remarks>A decimal tenth: 3e-4 / 10 in binary is not the number that 3e-5 is read as, and would make another stage's key.</remarks>
    public static double EndOf(double peak) => peak is > 1e-20 and < 1e20 ? (double)((decimal)peak / 10m) : peak / 10;

    /// <summary>Warm-up steps of a training that names none, for the number of its steps.</summary>
    public static int WarmUpOf(long steps) => (int)Math.Min(DefaultWarmUp, steps);

    private static Key<TrainingSection>[] ScheduleKeys(TrainingScope scope) =>
    [
        new Key<TrainingSection, ScheduleKind>(
            "schedule", Kinds.Choice<ScheduleKind>(), s => s.Schedule, (s, schedule) => s with { Schedule = schedule })
        {
            Help = "Learning rate schedule after the warm-up; wsd keeps the peak and decays in the last --decay-steps",
            Page = """
                Learning rate schedule after the warm-up: `cosine`, `linear` (a straight line), `wsd` (warm-up, stable, decay: the peak
                until `decay-steps` before the end, then a straight line; arXiv 2404.06395) or `constant`.
                """,
            Stage = InStageKey.WhereItDiffers,
        },
        new Key<TrainingSection, double>(
            "learning-rate", Kinds.Number("RATE", Limits.Above(0), "above 0, or two as in: 1e-3 to 1e-4"),
            s => s.LearningRate, (s, rate) => s with { LearningRate = rate })
        {
            Help = $"Peak learning rate, or PEAK to END{(scope.AlignsAt is null ? "" : $"; by default {AlignSection.DefaultRates}")}",
            ShowsDefault = scope.AlignsAt is null,
            PageDefault = scope.AlignsAt is not null ? AlignSection.DefaultRates : scope.Corrects ? "2e-4" : "1e-3",
            Page = "Peak learning rate, or `PEAK to END`."
                + (scope.Corrects ? " Low by default, so that the teacher learns the text without forgetting what it knows." : ""),
            Aliases = ["--lr"],
            SchemaOf = () => Schemas.AnyOf(
                Schemas.Number(Limits.Above(0)), Schemas.Pattern($"^ *{Schemas.Positive} +to +{Schemas.Positive} *$")),
            Reader = (fields, s) => ReadLearningRates(fields, s, scope),
        },
        new Key<TrainingSection, double>(
            "min-learning-rate", Kinds.Number("RATE", Limits.From(0)), s => s.MinLearningRate,
            (s, rate) => s with { MinLearningRate = rate })
        {
            Help = "Final learning rate; by default a tenth of --learning-rate",
            PageDefault = "a tenth of the peak",
            Page = "Final learning rate; a constant schedule has none.",
            Aliases = ["--min-lr"],
            ShowsDefault = false,
            // The peak's reader has read it.
            Reader = (_, s) => s,
            Useless = s => s.Schedule == ScheduleKind.Constant ? "a constant schedule has no final rate; give the rate alone" : null,
            Stage = InStageKey.WhereItMatters,
        },
        new Key<TrainingSection, int>("warm-up", Kinds.Size(least: 0), s => s.WarmUp, (s, steps) => s with { WarmUp = steps })
        {
            Help = "Warm-up steps: step s of W has rate peak (s + 1) / W; by default "
                + (scope.Corrects ? "120, at most a tenth of the steps" : "10, at most all steps"),
            PageDefault = scope.Corrects ? "120, at most a tenth of the steps" : "10, at most all steps",
            Page = "Linear warm-up steps.",
            Aliases = ["--warmup"],
            ShowsDefault = false,
            Refused = (s, steps) => steps > s.Steps ? $"there are only {s.Steps} steps" : null,
            Otherwise = s => s with { WarmUp = scope.WarmUpOf(s.Steps) },
        },
        new Key<TrainingSection, long>(
            "decay-steps", Kinds.Count(),
            s => s.DecaySteps ?? StableDecaySchedule.DecayOf(s.Steps, s.WarmUp), (s, steps) => s with { DecaySteps = steps })
        {
            Help = "Decay steps of --schedule wsd, or their share of all steps; by default a tenth",
            PageDefault = "10%",
            Page = "With `wsd`: decay steps, or their share of all steps, rounded up.",
            ShowsDefault = false,
            SchemaOf = () => Schemas.AnyOf(Schemas.Count(1), Schemas.Percent()),
            Reader = (fields, s) => s with { DecaySteps = ReadDecaySteps(fields, s) },
            Useless = s => s.Schedule != ScheduleKind.Wsd
                ? $"it is for schedule: wsd, but the schedule is {EnumName.Of(s.Schedule)}; leave it out" : null,
            Stage = InStageKey.WhereItMatters,
        },
    ];

    /// <summary>Peak and end: <c>1e-3 to 1e-4</c>, or in two keys.</summary>
    internal static TrainingSection ReadLearningRates(SectionFields fields, TrainingSection section, TrainingScope scope)
    {
        const string key = "learning-rate", end = "min-learning-rate";
        var parts = fields.Text(key)?.Split(" to ", StringSplitOptions.TrimEntries) ?? [];
        if (parts.Length > 2)
            throw fields.Wrong(key, "it must be a number, or two as in: 1e-3 to 1e-4");
        if (section.Schedule == ScheduleKind.Constant && (parts.Length == 2 || fields.Has(end)))
            throw fields.Wrong(parts.Length == 2 ? key : end, "a constant schedule has no final rate; give the rate alone");
        var peak = parts.Length > 0 ? fields.Number(key, parts[0], x => x > 0, "above 0, or two as in: 1e-3 to 1e-4") : scope.LearningRate;
        if (parts.Length == 2 && fields.Has(end))
            throw fields.Wrong(end, $"{key} already has a final rate; keep one of the two");
        var low = parts.Length == 2 ? fields.Number(key, parts[1], x => x >= 0, "from 0")
            : fields.Number(end, x => x >= 0, "from 0") ?? EndOf(peak);
        return low <= peak
            ? section with { LearningRate = peak, MinLearningRate = low }
            : throw fields.Wrong(parts.Length == 2 ? key : end, $"the final rate {low} must not be above the peak {peak}");
    }

    private static long? ReadDecaySteps(SectionFields fields, TrainingSection section)
    {
        const string key = "decay-steps";
        if (fields.Text(key) is not { } text)
            return null;
        if (section.Schedule != ScheduleKind.Wsd)
            throw fields.Wrong(key, $"it is for schedule: wsd, but the schedule is {EnumName.Of(section.Schedule)}; leave it out");
        var most = section.Steps - section.WarmUp;
        var decay = text.EndsWith('%') ? (long)Math.Ceiling(Quantity.Part(fields.Share(key) ?? 0, section.Steps))
            : fields.Count(key)!.Value;
        return decay <= most ? decay : throw fields.Wrong(key, $"only {most} of the {section.Steps} steps come after the warm-up");
    }
}
