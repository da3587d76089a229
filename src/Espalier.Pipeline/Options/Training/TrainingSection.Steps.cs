using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Speeds;

namespace Espalier.Pipeline.Options.Training;

internal sealed partial record TrainingSection
{
    // Far beyond any run, and so small that no product of sizes leaves 64 bits.
    internal const long MostTokens = 1_000_000_000_000_000;
    private const int MostWindows = 1 << 24;

    /// <summary>Optimizer steps; given so or through <c>tokens</c>.</summary>
    public long Steps { get; init; }

    /// <summary>Windows a step.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>Windows of one pass; 0 is the whole batch, null what <see cref="WindowsOfAPass(int)"/> chooses.</summary>
    public int? MicroBatch { get; init; }

    /// <summary>
    /// Windows of one pass, for windows of so many tokens; 0 is the whole batch. A loss on hidden states with a dynamic weight takes it
    /// over a pass, and keeps the whole batch unless the section says otherwise.
    /// </summary>
    public int WindowsOfAPass(int sequence) =>
        WindowsOfAPass(sequence, Compute.Here());

    // What passes change is rounding, as processors do, and those are in no key either: it has the windows of passes of the first size that
    // was chosen for anybody, whatever passes have since, so that runs go on.
    private int KeyedWindows(int sequence) => WindowsOfAPass(sequence, ComputeType.Bfloat16);

    /// <summary>
    /// Windows that replicas may have at once where nobody said what a pass has: as many as larger passes had, so that no thread is left
    /// without work.
    /// </summary>
    public int WindowsAtOnce(int sequence) => MicroBatch is not null ? 0 : KeyedWindows(sequence) is > 0 and var windows ? windows : Batch;

    private int WindowsOfAPass(int sequence, ComputeType compute) =>
        MicroBatch ?? (Hidden is { Weight: null } ? 0 : PassSize.Of(Batch, sequence, compute));

    private static Key<TrainingSection>[] StepsKeys(TrainingScope scope) =>
    [
        new Key<TrainingSection, long>("steps", Kinds.Count(), s => s.Steps, (s, steps) => s with { Steps = steps })
        {
            Help = "Optimizer steps; alternatively give --tokens",
            PageDefault = "this or `tokens`",
            Page = scope.AlignsAt is null
                ? "Optimizer steps. With `auto` this and `tokens` may both be left out; training then sees as many tokens as `distill`."
                : "Optimizer steps.",
            Reader = (fields, s) => s with { Steps = ReadSteps(fields, scope) },
        },
        new Key<TrainingSection, long>("tokens", Kinds.Count(), s => s.Steps, (s, _) => s)
        {
            Help = "Tokens to train on, such as 1M, instead of --steps, which become tokens / (batch · sequence), rounded up",
            PageDefault = "this or `steps`",
            Page = "Tokens to train on; the number of steps is tokens / "
                + $"(`batch` · `{(scope.AlignsAt is null ? "data." : "")}sequence`), rounded up.",
            ShowsDefault = false,
            Reader = (_, s) => s,
            IsCanonical = false,
            Stage = InStageKey.Never,
        },
        new Key<TrainingSection, int>("batch", Kinds.Size(most: MostWindows), s => s.Batch, (s, batch) => s with { Batch = batch })
        {
            Help = "Windows per step",
            Page = "Windows per step.",
        },
        new Key<TrainingSection, int?>(
            "micro-batch", Kinds.Size(least: 0).Or("auto"), s => s.MicroBatch, (s, windows) => s with { MicroBatch = windows })
        {
            Help = "Windows per pass; gradients accumulate over the passes of a step; 0 is the whole batch. By "
                + $"default passes have at most {PassSize.Positions} tokens, or {PassSize.NarrowPositions} in bfloat16",
            PageDefault = "auto",
            Page = scope.Corrects ? """
                Windows per forward and backward pass; the last pass takes what is left of `batch`. 0 is the whole batch. `auto`: the
                fewest passes of similar size with at most 512 tokens each, or 2,048 if products are in bfloat16 (or one window, if
                that is longer), whatever the number of threads. Saves memory and changes results only by rounding.
                """
                : "As in `correct`; with `hidden` and its dynamic `weight`, the whole batch.",
            ShowsDefault = false,
            Reader = (fields, s) => !fields.Has("micro-batch") ? s
                : s with { MicroBatch = Kinds.Size(least: 0, s.Batch, "the batch").Or("auto").Read(fields, "micro-batch") },
            StageValue = s => s.KeyedWindows(scope.Sequence),
        },
    ];

    /// <summary>Steps, or as many as it takes to see so many tokens.</summary>
    private static long ReadSteps(SectionFields fields, TrainingScope scope)
    {
        var batch = fields.Size("batch", most: MostWindows) ?? new TrainingSection().Batch;
        if (fields.Has("steps") && fields.Has("tokens"))
            throw fields.Wrong("tokens", "steps are also given; keep one of the two");
        var aStep = (long)batch * scope.Sequence;
        if (fields.Count("steps") is { } steps)
            return steps <= MostTokens / aStep
                ? steps : throw fields.Wrong("steps",
                    $"{batch} windows of {scope.Sequence} tokens per step make more than {MostTokens} tokens");
        if ((fields.Count("tokens", most: MostTokens) ?? scope.Tokens) is not { } tokens)
            throw fields.Missing("steps", "steps: 120; or tokens: 1M");
        return tokens / aStep + (tokens % aStep > 0 ? 1 : 0);
    }
}
