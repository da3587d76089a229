using System.Globalization;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Training;

namespace Espalier.Pipeline.Recipes;

public static partial class RecipeFile
{
    // Far beyond any run, and so small that no product of sizes leaves 64 bits.
    private const long MaxTokens = 1_000_000_000_000_000;
    private const string Auto = "auto";

    private static TrainingSection? Training(RecipeFields fields, string key, int sequence, long? byDefault = null)
    {
        if (fields.Find(key) is null or YamlText { Text: "never" })
            return null;
        var defaults = new TrainingSection();
        var section = fields.Section(key)!;
        var batch = section.Size("batch", most: 1 << 24) ?? defaults.Batch;
        var steps = Steps(section, batch, sequence, byDefault);
        var schedule = section.Choice<ScheduleKind>("schedule") ?? defaults.Schedule;
        var (peak, low) = LearningRates(section, key, schedule);
        var (beta1, beta2) = Betas(section, defaults);
        var warmUp = section.Size("warm-up", least: 0);
        if (warmUp > steps)
            throw section.Wrong("warm-up", $"there are only {steps} steps");
        var training = new TrainingSection
        {
            Loss = "cross-entropy",
            Steps = steps,
            Batch = batch,
            MicroBatch = MicroBatch(section, batch),
            Schedule = schedule,
            DecaySteps = DecaySteps(section, schedule, steps, warmUp ?? TrainingSection.WarmUpOf(steps)),
            LearningRate = peak,
            MinLearningRate = low,
            WarmUp = warmUp ?? DefaultWarmUp(key, steps),
            WeightDecay = section.Number("weight-decay", x => x is >= 0 and < 1000, "from 0") ?? defaults.WeightDecay,
            Beta1 = beta1,
            Beta2 = beta2,
            Clip = Clip(section, defaults),
            Freeze = Freeze(section),
            LayerDecay = section.Number("layer-decay", x => x is > 0 and <= 1, "above 0 and at most 1") ?? defaults.LayerDecay,
            ActivationCheckpointing = section.Flag("activation-checkpointing") ?? defaults.ActivationCheckpointing,
            Compute = section.Choice("compute", ComputeChoices.Names) ?? defaults.Compute,
            EvaluateEvery = section.Count("evaluate-every", least: 0) ?? defaults.EvaluateEvery,
            EarlyStopping = EarlyStopping(section),
            CheckpointEvery = section.Count("checkpoint-every", least: 0) ?? defaults.CheckpointEvery,
        };
        return key == "correct" ? training : WithLoss(training, section);
    }

    private static int? MicroBatch(RecipeFields section, int batch)
    {
        const string key = "micro-batch";
        var windows = section.Has(key) && section.Text(key) == Auto ? null : section.Size(key, least: 0);
        return windows > batch ? throw section.Wrong(key, $"it must be at most the batch of {batch} windows") : windows;
    }

    private static TrainingSection WithLoss(TrainingSection training, RecipeFields section)
    {
        var loss = section.Read("loss", LossSpec.Parse) ?? LossSpec.Parse(new TrainingSection().Loss);
        foreach (var key in new[] { "temperature", "temperature-squared" })
            if (!loss.HasTemperature && section.Has(key))
                throw section.Wrong(key, $"the loss is {loss}, which has no temperature; leave it out");
        var hidden = Hidden(section);
        var cache = Cache(section);
        if (cache is not null && !loss.NeedsTeacher)
            throw section.At("cache", $"the loss is {loss}, which needs no teacher; leave the cache out");
        if (cache is not null && hidden is not null)
            throw section.At("cache", "hidden states are compared too, which needs the teacher itself; keep one of the two");
        if (cache is { Encoding: not CacheEncoding.Hidden } && !loss.TakesSparse)
            throw section.At("cache", $"the loss is {loss}, which needs whole distributions; take forward-kl, or encoding: hidden");
        return training with
        {
            Loss = loss.ToString(),
            Temperature = section.Number("temperature", x => x > 0, "above 0") ?? training.Temperature,
            TemperatureSquared = section.Flag("temperature-squared") ?? false,
            Hidden = hidden,
            Cache = cache,
        };
    }

    private static HiddenStateOptions? Hidden(RecipeFields parent)
    {
        if (parent.Section("hidden") is not { } section)
            return null;
        var options = new HiddenStateOptions
        {
            Layers = Pairs(section, "layers"),
            Attention = Pairs(section, "attention"),
            Embedding = section.Flag("embedding") ?? false,
            Final = section.Flag("final") ?? false,
            Distance = section.Choice<HiddenDistance>("distance") ?? HiddenDistance.Mse,
            Weight = section.Has("weight") && section.Text("weight") == "dynamic" ? null : section.Number("weight", x => x > 0, "above 0, or dynamic"),
        };
        return options.IsEmpty ? throw section.Missing("layers", "hidden: { layers: 29:13, embedding: true }") : options;
    }

    private static LayerPair[] Pairs(RecipeFields section, string key) =>
        section.Read(key, _ => section.Texts(key)!.Select(LayerPair.Parse).ToArray()) ?? [];

    private static CacheSection? Cache(RecipeFields parent)
    {
        if (parent.Section("cache") is not { } section)
            return null;
        var defaults = new CacheSection();
        var encoding = section.Choice<CacheEncoding>("encoding") ?? defaults.Encoding;
        if (encoding is CacheEncoding.Samples or CacheEncoding.Hidden && section.Has("k"))
            throw section.Wrong("k", $"encoding {EnumName.Of(encoding)} keeps no likeliest entries; leave it out");
        if (encoding is CacheEncoding.TopK or CacheEncoding.Hidden && section.Has("samples"))
            throw section.Wrong("samples", $"encoding {EnumName.Of(encoding)} draws nothing; leave it out");
        return new()
        {
            Encoding = encoding,
            K = section.Size("k", most: 1 << 16) ?? defaults.K,
            Samples = section.Size("samples", most: 1 << 16) ?? defaults.Samples,
        };
    }

    /// <summary>Never, in either of its spellings, is null.</summary>
    private static double? Clip(RecipeFields section, TrainingSection defaults)
    {
        const string key = "clip";
        if (!section.Has(key))
            return defaults.Clip;
        return section.Text(key) == "none" || section.Number(key, x => x >= 0, "above 0; none or 0 never clips") is not ({ } norm and > 0) ? null : norm;
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

    private static long Steps(RecipeFields section, int batch, int sequence, long? byDefault)
    {
        if (section.Has("steps") && section.Has("tokens"))
            throw section.Wrong("tokens", "steps are given too; keep one of the two");
        var aStep = (long)batch * sequence;
        if (section.Count("steps") is { } steps)
            return steps <= MaxTokens / aStep ? steps : throw section.Wrong("steps", $"{batch} windows of {sequence} tokens a step make more than {MaxTokens} tokens");
        if ((section.Count("tokens", most: MaxTokens) ?? byDefault) is not { } tokens)
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

    private static FrozenParts Freeze(RecipeFields section) =>
        section.Read("freeze", _ => FrozenParts.Parse(section.Texts("freeze")!)) ?? FrozenParts.None;

    private static long? DecaySteps(RecipeFields section, ScheduleKind schedule, long steps, int warmUp)
    {
        const string key = "decay-steps";
        if (section.Text(key) is not { } text)
            return null;
        if (schedule != ScheduleKind.Wsd)
            throw section.Wrong(key, $"it belongs to schedule: wsd and the schedule is {EnumName.Of(schedule)}; leave it out");
        var most = steps - warmUp;
        var decay = text.EndsWith('%') ? (long)Math.Ceiling((section.Share(key) ?? 0) * steps) : section.Count(key)!.Value;
        return decay <= most ? decay : throw section.Wrong(key, $"only {most} of the {steps} steps are behind the warm-up");
    }

    private static (double Peak, double Low) LearningRates(RecipeFields section, string name, ScheduleKind schedule = ScheduleKind.Cosine)
    {
        const string key = "learning-rate", end = "min-learning-rate";
        var fifth = name == "correct" ? FifthOfTheTeachers(section) : null;
        var byDefault = name == "correct" ? CorrectionSection.DefaultLearningRate : new TrainingSection().LearningRate;
        var parts = (section.Text(key) ?? fifth ?? byDefault.ToString("R", CultureInfo.InvariantCulture)).Split(" to ", StringSplitOptions.TrimEntries);
        if (parts.Length > 2)
            throw section.Wrong(key, "it must be a number, or two as in: 1e-3 to 1e-4");
        if (schedule == ScheduleKind.Constant && (parts.Length == 2 || section.Has(end)))
            throw section.Wrong(parts.Length == 2 ? key : end, "a constant schedule has no end; give the rate alone");
        var peak = section.Number(key, parts[0], x => x > 0, "above 0, or two as in: 1e-3 to 1e-4");
        if (parts.Length == 2 && section.Has(end))
            throw section.Wrong(end, $"{key} names its end already; keep one of the two");
        var low = parts.Length == 2 ? section.Number(key, parts[1], x => x >= 0, "from 0")
            : section.Number(end, x => x >= 0, "from 0") ?? TrainingSection.EndOf(peak);
        return low <= peak ? (peak, low) : throw section.Wrong(parts.Length == 2 ? key : end, $"the end {low} must not be above the peak {peak}");
    }
}
