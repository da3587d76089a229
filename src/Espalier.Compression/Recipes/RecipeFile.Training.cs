using Espalier.Compression.Training;

namespace Espalier.Compression.Recipes;

public static partial class RecipeFile
{
    // Far beyond any run, and so small that no product of sizes leaves 64 bits.
    private const long MaxTokens = 1_000_000_000_000_000;

    private static readonly string[] Losses = ["forward-kl", "cross-entropy"];

    private static TrainingSection? Training(RecipeFields fields, string key, int sequence)
    {
        if (fields.Find(key) is null or YamlText { Text: "never" })
            return null;
        var defaults = new TrainingSection();
        var section = fields.Section(key)!;
        var batch = section.Size("batch", most: 1 << 24) ?? defaults.Batch;
        var steps = Steps(section, batch, sequence);
        var micro = section.Size("micro-batch", least: 0) ?? defaults.MicroBatch;
        if (micro > 0 && batch % micro != 0)
            throw section.Wrong("micro-batch", $"it must divide the batch of {batch} windows");
        var schedule = section.Choice<ScheduleKind>("schedule") ?? defaults.Schedule;
        var (peak, low) = LearningRates(section, schedule);
        var (beta1, beta2) = Betas(section, defaults);
        var warmUp = section.Size("warm-up", least: 0);
        if (warmUp > steps)
            throw section.Wrong("warm-up", $"there are only {steps} steps");
        var training = new TrainingSection
        {
            Loss = "cross-entropy",
            Steps = steps,
            Batch = batch,
            MicroBatch = micro,
            Schedule = schedule,
            DecaySteps = DecaySteps(section, schedule, steps, warmUp ?? (int)Math.Min(defaults.WarmUp, steps)),
            LearningRate = peak,
            MinLearningRate = low,
            WarmUp = warmUp ?? (int)Math.Min(defaults.WarmUp, steps),
            WeightDecay = section.Number("weight-decay", x => x is >= 0 and < 1000, "from 0") ?? defaults.WeightDecay,
            Beta1 = beta1,
            Beta2 = beta2,
            Clip = section.Has("clip") && section.Text("clip") == "none" ? null : section.Number("clip", x => x > 0, "above 0, or none") ?? defaults.Clip,
            Freeze = Freeze(section),
            LayerDecay = section.Number("layer-decay", x => x is > 0 and <= 1, "above 0 and at most 1") ?? defaults.LayerDecay,
            ActivationCheckpointing = section.Flag("activation-checkpointing") ?? defaults.ActivationCheckpointing,
            Compute = section.Choice<ComputeChoice>("compute") ?? defaults.Compute,
            EvaluateEvery = section.Count("evaluate-every", least: 0) ?? defaults.EvaluateEvery,
            EarlyStopping = EarlyStopping(section),
            CheckpointEvery = section.Count("checkpoint-every") ?? defaults.CheckpointEvery,
        };
        return key == "correct" ? training : WithLoss(training, section);
    }

    private static TrainingSection WithLoss(TrainingSection training, RecipeFields section)
    {
        var loss = section.Text("loss") ?? Losses[0];
        if (!Losses.Contains(loss))
            throw section.Unknown("loss", loss, Losses);
        if (loss != Losses[0] && section.Has("temperature"))
            throw section.Wrong("temperature", $"it belongs to {Losses[0]} and the loss is {loss}; leave it out");
        return training with { Loss = loss, Temperature = section.Number("temperature", x => x > 0, "above 0") ?? training.Temperature };
    }

    private static (double, double) Betas(RecipeFields section, TrainingSection defaults)
    {
        const string key = "betas", rule = "from 0 and below 1, two of them as in: [0.9, 0.95]";
        if (section.Texts(key) is not { } betas)
            return (defaults.Beta1, defaults.Beta2);
        return betas is [var first, var second]
            ? (section.Number(key, first, x => x is >= 0 and < 1, rule), section.Number(key, second, x => x is >= 0 and < 1, rule))
            : throw section.Wrong(key, $"it must be a number {rule}");
    }

    private static long Steps(RecipeFields section, int batch, int sequence)
    {
        if (section.Has("steps") && section.Has("tokens"))
            throw section.Wrong("tokens", "steps are given too; keep one of the two");
        var aStep = (long)batch * sequence;
        if (section.Count("steps") is { } steps)
            return steps <= MaxTokens / aStep ? steps : throw section.Wrong("steps", $"{batch} windows of {sequence} tokens a step make more than {MaxTokens} tokens");
        if (section.Count("tokens", most: MaxTokens) is not { } tokens)
            throw section.Missing("steps", "steps: 120; or tokens: 1M");
        return tokens / aStep + (tokens % aStep > 0 ? 1 : 0);
    }

    private static int EarlyStopping(RecipeFields section)
    {
        const string key = "early-stopping";
        if (section.Size(key, least: 0) is not ({ } evaluations and > 0))
            return 0;
        return section.Count("evaluate-every", least: 0) is > 0 ? evaluations : throw section.Wrong(key, "it looks at evaluations, and evaluate-every is 0; give that too, as in: evaluate-every: 50");
    }

    private static FrozenParts Freeze(RecipeFields section)
    {
        try
        {
            return section.Texts("freeze") is { } words ? FrozenParts.Parse(words) : FrozenParts.None;
        }
        catch (EspalierException error) when (error.Message.StartsWith("freeze: ", StringComparison.Ordinal))
        {
            throw section.At("freeze", error.Message);
        }
    }

    private static long? DecaySteps(RecipeFields section, ScheduleKind schedule, long steps, int warmUp)
    {
        const string key = "decay-steps";
        if (section.Text(key) is not { } text)
            return null;
        if (schedule != ScheduleKind.Wsd)
            throw section.Wrong(key, $"it belongs to schedule: wsd and the schedule is {RecipeFields.NameOf(schedule)}; leave it out");
        var most = steps - warmUp;
        var decay = text.EndsWith('%') ? (long)Math.Ceiling((section.Share(key) ?? 0) * steps) : section.Count(key)!.Value;
        return decay <= most ? decay : throw section.Wrong(key, $"only {most} of the {steps} steps are behind the warm-up");
    }

    private static (double Peak, double Low) LearningRates(RecipeFields section, ScheduleKind schedule)
    {
        const string key = "learning-rate", end = "min-learning-rate";
        var parts = (section.Text(key) ?? "1e-3").Split(" to ", StringSplitOptions.TrimEntries);
        if (parts.Length > 2)
            throw section.Wrong(key, "it must be a number, or two as in: 1e-3 to 1e-4");
        if (schedule == ScheduleKind.Constant && (parts.Length == 2 || section.Has(end)))
            throw section.Wrong(parts.Length == 2 ? key : end, "a constant schedule has no end; give the rate alone");
        var peak = section.Number(key, parts[0], x => x > 0, "above 0, or two as in: 1e-3 to 1e-4");
        if (parts.Length == 2 && section.Has(end))
            throw section.Wrong(end, $"{key} names its end already; keep one of the two");
        // A decimal tenth: 1e-3 / 10 in binary is not the number that 1e-4 is read as.
        var low = parts.Length == 2 ? section.Number(key, parts[1], x => x >= 0, "from 0")
            : section.Number(end, x => x >= 0, "from 0") ?? Tenth(peak);
        return low <= peak ? (peak, low) : throw section.Wrong(parts.Length == 2 ? key : end, $"the end {low} must not be above the peak {peak}");
    }

    private static double Tenth(double value) => value is > 1e-20 and < 1e20 ? (double)((decimal)value / 10m) : value / 10;
}
