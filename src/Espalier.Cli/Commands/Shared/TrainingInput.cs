using System.CommandLine;
using System.Globalization;
using Espalier.Compression.Data;
using Espalier.Compression.Training;
using Espalier.Files;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Commands.Shared;

/// <summary>How a model is trained, and on what: the options that <c>distill</c>, <c>correct</c> and <c>pretrain</c> share.</summary>
internal sealed class TrainingInput
{
    private const int DefaultSteps = 200;

    private static readonly TrainingSection s_defaults = new();

    private readonly TokenInput input = new();

    private readonly Option<string> order = new("--order")
    {
        Description = "Order of the windows: shuffled (by --seed), sequential (0, 1, 2, ...), or a file of window numbers (.i32)",
        HelpName = "shuffled|sequential|FILE.i32",
        DefaultValueFactory = _ => "shuffled",
    };

    private readonly CountOption batch = new("--batch", "Windows of a step", s_defaults.Batch);
    private readonly CountOption microBatch = new(
        "--micro-batch", $"Windows of one pass, whose gradients add up to the whole step's; 0 is all at once. By default what comes to at most {PassSize.Positions} tokens", least: 0);
    private readonly CountOption seq = new CountOption("--sequence", "Tokens of a window; window w is ids[w (N + 1)] to ids[w (N + 1) + N]", 256).Or("--seq");
    private readonly ChoiceOption<DocumentContext> documents = new(
        "--documents", "Whether tokens see documents before their own in a window (cross) or not, with positions that begin anew (separate; of ids a document ends with EOS)",
        DocumentContext.Cross, ("cross", DocumentContext.Cross), ("separate", DocumentContext.Separate));

    private readonly CountOption steps = new("--steps", "Optimizer steps; or give --tokens", DefaultSteps, least: 0);
    private readonly Option<string> tokens = new("--tokens") { Description = "Tokens to train on, such as 1M, in place of --steps: tokens / (batch · sequence), rounded up", HelpName = "N" };
    private readonly NumberOption learningRate;
    private readonly NumberOption minLearningRate = new NumberOption("--min-learning-rate", "End of the schedule; by default a tenth of --learning-rate", "RATE").Or("--min-lr");

    private readonly ChoiceOption<ScheduleKind> schedule = new(
        "--schedule", "Course of the learning rate behind the warm-up; wsd keeps the peak and comes down in the last --decay-steps", ScheduleKind.Cosine,
        ("cosine", ScheduleKind.Cosine), ("linear", ScheduleKind.Linear), ("wsd", ScheduleKind.Wsd), ("constant", ScheduleKind.Constant));

    private readonly CountOption decaySteps = new("--decay-steps", "Steps of the decay of --schedule wsd; by default a tenth of --steps");
    private readonly CountOption warmUp;
    private readonly Func<long, int> defaultWarmUp;
    private readonly NumberOption weightDecay = new("--weight-decay", "Decoupled decay of matrices; norms and biases never decay", "X", s_defaults.WeightDecay);
    private readonly Option<string> betas = new("--betas") { Description = "AdamW's two betas", HelpName = "B1,B2", DefaultValueFactory = _ => "0.9,0.95" };
    private readonly NumberOption clip = new("--clip", "Global gradient norm that gradients are scaled down to; none or 0 never does", "NORM", s_defaults.Clip, ("none", 0));
    private readonly Option<string> freeze = new("--freeze")
    {
        Description = "What stays as it is: embedding, head, norms, attention, mlp, layers 0-3, with commas between them",
        HelpName = "PARTS",
    };

    private readonly NumberOption layerDecay = new("--layer-decay", "Factor of the learning rate from one layer to the one below it, the embedding last", "X", s_defaults.LayerDecay);

    private readonly Option<bool> activationCheckpointing = new("--activation-checkpointing")
    {
        Description = "Keep the inputs of blocks alone and compute each block twice: less memory, a third more work, the same result",
    };

    private readonly ChoiceOption<ComputeChoice> compute = new(
        "--compute", "What the products with weights are computed in; auto is bfloat16 where the processor has units for it", ComputeChoice.Float32,
        [.. ComputeChoices.Names]);

    private readonly CountOption seed = new("--seed", "Seed of the order (and of random weights)", 1, least: 0);
    private readonly NumberOption heldOut = new("--held-out", "Share held out to evaluate on: of documents by their hash, of ids the last windows; by default 2% of text and nothing of ids", "SHARE");
    private readonly CountOption evaluateEvery = new("--evaluate-every", "Steps between evaluations on held-out data; 0 only before and after", 0, least: 0);
    private readonly CountOption earlyStopping = new("--early-stopping", "Evaluations without a new best after which training ends; the result is the best. 0 never", 0, least: 0);
    private readonly CountOption checkpointEvery = new("--checkpoint-every", "Steps between checkpoints; 0 only when interrupted", (int)s_defaults.CheckpointEvery, least: 0);

    /// <summary>Options with the defaults of a correction, or of any other training.</summary>
    internal TrainingInput(bool isCorrection)
    {
        learningRate = new NumberOption("--learning-rate", "Peak of the schedule", "RATE", isCorrection ? CorrectionSection.DefaultLearningRate : s_defaults.LearningRate).Or("--lr");
        defaultWarmUp = isCorrection ? CorrectionSection.DefaultWarmUp : TrainingSection.WarmUpOf;
        warmUp = new CountOption(
            "--warm-up", $"Warm-up steps: step s of W has rate peak (s + 1) / W; by default {(isCorrection ? "120, at most a tenth of the steps" : "10, at most all steps")}", least: 0).Or("--warmup");
    }

    internal void AddTo(Command command)
    {
        input.AddTo(command);
        foreach (var option in (Option[])[order, batch, microBatch, seq, documents, steps, tokens, learningRate, minLearningRate, schedule, warmUp, decaySteps, weightDecay, betas, clip, freeze, layerDecay, activationCheckpointing, compute, seed, heldOut, evaluateEvery, earlyStopping, checkpointEvery])
            command.Options.Add(option);
    }

    /// <summary>What is read, as what no output may touch.</summary>
    internal IEnumerable<ReadPlace> Places(CommandRun run) =>
        input.Places(run).Concat(File.Exists(run.Get(order)) ? [new("the order", run.Get(order)!)] : []);

    internal long Seed(CommandRun run) => run.Get(seed)!.Value;

    internal int Sequence(CommandRun run) => run.Get(seq)!.Value;

    /// <summary>What to train on.</summary>
    /// <exception cref="EspalierException">Nothing or both were given, or a share that is none.</exception>
    internal DataSection Data(CommandRun run)
    {
        var (text, ids) = input.Given(run);
        var share = run.Get(heldOut) ?? (ids is null ? 0.02 : 0);
        if (share is < 0 or >= 1)
            throw new EspalierException($"--held-out is {share} and must be at least 0 and below 1, such as 2%");
        return new() { Train = ids is null ? text : [ids], Field = input.Field(run), HeldOut = share, Sequence = Sequence(run), Documents = run.Get(documents)!.Value };
    }

    /// <summary>How to train.</summary>
    internal TrainingSection Section(CommandRun run, TrainingSection loss)
    {
        var peak = run.Get(learningRate)!.Value;
        var (beta1, beta2) = Betas(run.Get(betas)!);
        var course = run.Get(schedule)!.Value;
        if (course == ScheduleKind.Constant && run.Get(minLearningRate) is { } low)
            throw new EspalierException($"--min-learning-rate is {low} and --schedule constant has no end: leave one of them out");
        if (run.Get(earlyStopping) > 0 && run.Get(evaluateEvery) == 0)
            throw new EspalierException($"--early-stopping is {run.Get(earlyStopping)} and --evaluate-every 0: it looks at evaluations, give the steps between them");
        return loss with
        {
            Steps = Steps(run),
            Batch = run.Get(batch)!.Value,
            MicroBatch = run.Get(microBatch),
            LearningRate = peak,
            MinLearningRate = run.Get(minLearningRate) ?? TrainingSection.EndOf(peak),
            Schedule = course,
            DecaySteps = run.Get(decaySteps),
            WarmUp = run.Get(warmUp) ?? defaultWarmUp(Steps(run)),
            WeightDecay = run.Get(weightDecay)!.Value,
            Beta1 = beta1,
            Beta2 = beta2,
            Clip = run.Get(clip) is 0 ? null : run.Get(clip),
            Freeze = run.Get(freeze) is { } parts ? FrozenParts.Parse(parts.Split(',', StringSplitOptions.TrimEntries)) : FrozenParts.None,
            LayerDecay = run.Get(layerDecay)!.Value,
            ActivationCheckpointing = run.Get(activationCheckpointing),
            Compute = run.Get(compute)!.Value,
            EvaluateEvery = run.Get(evaluateEvery)!.Value,
            EarlyStopping = run.Get(earlyStopping)!.Value,
            CheckpointEvery = run.Get(checkpointEvery)!.Value,
        };
    }

    /// <summary>The order, and its name for the stage's key.</summary>
    internal (Func<long, SampleOrder> Make, string Name) Order(CommandRun run)
    {
        var seedOfOrder = Seed(run);
        return run.Get(order) switch
        {
            "shuffled" => (windows => SampleOrder.Shuffled(windows, seedOfOrder), "shuffled"),
            "sequential" => (SampleOrder.Sequential, "sequential"),
            var file when File.Exists(file) => (windows => SampleOrder.FromFile(file!, windows), ContentHash.OfFile(file!)),
            var other => throw new EspalierException(
                $"--order is '{other}', it must be shuffled, sequential or a file of window numbers.{NearestName.Hint(other!, ["shuffled", "sequential"])}"),
        };
    }

    private long Steps(CommandRun run)
    {
        if (run.Get(tokens) is not { } text)
            return run.Get(steps)!.Value;
        if (run.Has(steps))
            throw new EspalierException($"--tokens is {text} and --steps {run.Get(steps)}: give one of the two");
        var aStep = (long)run.Get(batch)!.Value * Sequence(run);
        return Quantity.Count(text) is >= 1 and <= 1_000_000_000_000_000 and { } count
            ? count / aStep + (count % aStep > 0 ? 1 : 0)
            : throw new EspalierException($"--tokens is '{text}', it must be a whole number from 1, such as 300k or 1M");
    }

    private static (double, double) Betas(string text) =>
        text.Split(',') is [var first, var second]
        && double.TryParse(first, NumberStyles.Float, CultureInfo.InvariantCulture, out var beta1)
        && double.TryParse(second, NumberStyles.Float, CultureInfo.InvariantCulture, out var beta2)
            ? (beta1, beta2)
            : throw new EspalierException($"--betas is '{text}', it must be two numbers such as 0.9,0.95");
}
