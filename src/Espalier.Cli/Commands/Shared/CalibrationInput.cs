using System.CommandLine;
using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages;

namespace Espalier.Cli.Commands.Shared;

/// <summary>How a model is scored: by what, on the first windows of the text or the ids, one sample each, and how activations become scores.</summary>
internal sealed class CalibrationInput
{
    private const int DefaultSeq = 256;

    private readonly ChoiceOption<ScoreMethod> method = new(
        "--method", "What importance is read from: activations, or as controls |weight x gradient|, the size of weights, copies of each other, chance; magnitude and random read no text", ScoreMethod.Activation,
        [.. Enum.GetValues<ScoreMethod>().Select(value => (NameOf(value), value))]);

    private readonly CountOption samples = new("--samples", "Calibration samples: the first N windows, none overlapping", 256);
    private readonly CountOption seq = new CountOption("--sequence", $"Tokens of a sample; by default the model's positions, at most {DefaultSeq}").Or("--seq");
    private readonly CountOption batch = new("--batch", "Samples of one forward pass; changes nothing but speed and memory", 8, most: 1024);
    private readonly ChoiceOption<Aggregation> overBatch = Aggregator("--batch-aggregation", "samples", Compression.Importance.Aggregator.Default.Batch);
    private readonly ChoiceOption<Aggregation> overSequence = Aggregator("--sequence-aggregation", "the positions of a sample", Compression.Importance.Aggregator.Default.Sequence);
    private readonly ChoiceOption<NeuronValues> neurons = new(
        "--neurons", "Which value of a neuron is read: the input of the down projection, or what enters the activation", NeuronValues.Intermediate,
        ("intermediate", NeuronValues.Intermediate), ("pre-activation", NeuronValues.PreActivation));

    private readonly MemoryInput memory = new();

    private Option[] Aggregations => [overBatch, overSequence];

    private Option[] OfText => [samples, seq, batch];

    private Option[] All => [method, .. OfText, .. Aggregations, neurons];

    internal void AddTo(Command command)
    {
        foreach (var option in All)
            command.Options.Add(option);
        memory.AddTo(command);
    }

    /// <summary>What importance is read from.</summary>
    internal ScoreMethod Method(CommandRun run) => run.Get(method)!.Value;

    /// <summary>The first option that was given, or null.</summary>
    internal string? Given(CommandRun run) => All.FirstOrDefault(run.Has)?.Name;

    /// <summary>Refuses options and text that the method does not read.</summary>
    internal void Check(CommandRun run, TokenInput input)
    {
        var asked = Method(run);
        Option[] useless = [.. asked.ReadsActivations() ? [] : (Option[])[.. Aggregations, neurons], .. asked.ReadsText() ? [] : OfText];
        if (useless.FirstOrDefault(run.Has) is { } option)
            throw new EspalierException($"{option.Name} was given and --method is {NameOf(asked)}, which does not read it: leave it out");
        if (!asked.ReadsText() && input.IsGiven(run))
            throw new EspalierException($"text or --ids was given and --method is {NameOf(asked)}, which reads none: leave it out");
    }

    /// <summary>Refuses one aggregator, where all are asked for, and methods that have none.</summary>
    internal void CheckForAll(CommandRun run)
    {
        if (Aggregations.FirstOrDefault(run.Has) is { } option)
            throw new EspalierException($"--aggregators all and {option.Name} were given: give one of them");
        if (Method(run) != ScoreMethod.Activation)
            throw new EspalierException($"--aggregators all is about activations and --method is {NameOf(Method(run))}: leave one of them out");
    }

    /// <summary>The tokens that scoring reads; dispose its value. Nothing is made where the method reads none.</summary>
    internal Slot<TokenSets> Tokens(CommandRun run, Checkpoint checkpoint, TokenInput input) =>
        Method(run).ReadsText() ? input.Tokens(run, checkpoint, Sequence(run, checkpoint.Config)) : new("the text");

    /// <summary>The stage that scores a model, that of a recipe with these settings. libtorch is started before.</summary>
    /// <param name="run">The command's values.</param>
    /// <param name="checkpoint">The model; a weight that is not finite is refused here, or where the model is read layer by layer when it is read.</param>
    /// <param name="tokens">What <see cref="Tokens"/> gave.</param>
    /// <param name="spans">Widths of the spans of layers that are wanted.</param>
    /// <param name="seed">Seed of scores by chance.</param>
    internal ScoreStage Stage(CommandRun run, Checkpoint checkpoint, Slot<TokenSets> tokens, IReadOnlyList<int> spans, long seed)
    {
        var within = memory.Choose(run, checkpoint.Config);
        // Magnitudes are those of weights that are checked when they are read.
        if (Method(run).ReadsText() ? !within.Streams : Method(run) != ScoreMethod.Magnitude)
            checkpoint.CheckFinite(run.Cancellation);
        var section = new ScoreSection
        {
            Method = Method(run),
            Samples = run.Get(samples)!.Value,
            Batch = run.Get(overBatch)!.Value,
            Sequence = run.Get(overSequence)!.Value,
            Neurons = run.Get(neurons)!.Value,
        };
        return new(ModelArgument.Slot(checkpoint), section, spans, tokens, Sequence(run, checkpoint.Config), seed) { Batch = run.Get(batch)!.Value, Memory = within };
    }

    /// <summary>Scores a model by all nine aggregators, in their order: no stage of a recipe does that.</summary>
    /// <param name="run">The command's values.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="input">Text or ids.</param>
    /// <param name="spans">Widths of the spans of layers that are wanted.</param>
    /// <param name="folder">Where residual streams may go that do not fit in memory.</param>
    internal IReadOnlyList<ImportanceScores> ScoreByAll(CommandRun run, Checkpoint checkpoint, TokenInput input, IReadOnlyList<int> spans, string folder)
    {
        using var source = input.Open(run, checkpoint);
        var windows = new WindowSet(source.Tokens, Sequence(run, checkpoint.Config));
        var within = memory.Choose(run, checkpoint.Config);
        var fingerprint = ModelFingerprint.Watch(checkpoint);
        if (!within.Streams)
            checkpoint.CheckFinite(run.Cancellation);
        var options = new ScoreOptions { Samples = run.Get(samples)!.Value, Batch = run.Get(batch)!.Value, Neurons = run.Get(neurons)!.Value, SpanWidths = spans };
        var found = within.Score(checkpoint, windows, options, Compression.Importance.Aggregator.All, folder, run.Progress, run.Cancellation);
        var (teacher, hash) = (fingerprint.Finish(run.Cancellation), CalibrationHash.Of(source.Tokens, windows.SequenceLength, options.Samples));
        return [.. found.Select(scores => scores with { Teacher = teacher, Calibration = hash })];
    }

    private int Sequence(CommandRun run, DecoderConfig config) => run.Get(seq) switch
    {
        null => Math.Min(DefaultSeq, config.MaxPositions),
        { } asked when asked <= config.MaxPositions => asked,
        { } asked => throw new EspalierException($"--sequence is {asked} and the model has {config.MaxPositions} positions (max_position_embeddings): give at most that"),
    };

    private static string NameOf(ScoreMethod method) => method.ToString().ToLowerInvariant();

    private static ChoiceOption<Aggregation> Aggregator(string name, string over, Aggregation byDefault) => new(
        name, $"How values over {over} become one", byDefault,
        ("l2", Aggregation.L2), ("mean", Aggregation.Mean), ("variance", Aggregation.Variance));
}
