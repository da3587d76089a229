using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Values;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>
/// How a model is scored: by what, on the first windows of the text or the ids, one sample each, and how activations become scores.
/// </summary>
internal sealed class CalibrationInput
{
    private readonly KeyOptions<ScoreSection> _keys = new(ScoreSection.Keys, new());
    private readonly WindowsInput _cut = new("sample", new DataSection().Sequence);
    private readonly MemoryInput _memory = new();

    internal IEnumerable<Option> Options => [.. _keys.Options, .. _cut.Options, .. _memory.Options];

    /// <summary>What importance is read from.</summary>
    internal ScoreMethod Method(CommandRun run) => Section(run).Method;

    /// <summary>The first option that was given, or null.</summary>
    internal string? Given(CommandRun run) =>
        _keys.GivenNames(run).Concat(_cut.Options.Concat(_memory.Options).Where(run.Has).Select(option => option.Name))
            .FirstOrDefault();

    /// <summary>Refuses options and text that the method does not read.</summary>
    internal void Check(CommandRun run, TokenInput input)
    {
        var asked = Method(run);
        if (!asked.ReadsText() && _cut.Options.FirstOrDefault(run.Has) is { } option)
            throw new EspalierException(
                $"{option.Name} was given, but --method is {EnumName.Of(asked)}, which does not use it: leave it out");
        if (!asked.ReadsText() && input.IsGiven(run))
            throw new EspalierException($"text or --ids was given, but --method is {EnumName.Of(asked)}, which reads no text: leave it "
                + "out");
    }

    /// <summary>Refuses one aggregator, where all are asked for, and methods that have none.</summary>
    internal void CheckForAll(CommandRun run)
    {
        if (_keys.GivenNames(run).FirstOrDefault(name => name.EndsWith("-aggregation", StringComparison.Ordinal)) is { } option)
            throw new EspalierException($"--aggregators all and {option} were given: give one of them");
        if (Method(run) != ScoreMethod.Activation)
            throw new EspalierException(
                $"--aggregators all is for activations, but --method is {EnumName.Of(Method(run))}: leave one of them out");
    }

    /// <summary>The tokens that scoring reads; dispose its value. Nothing is made where the method reads none.</summary>
    internal Slot<TokenSets> Tokens(CommandRun run, Checkpoint checkpoint, TokenInput input) =>
        Method(run).ReadsText() ? input.Tokens(run, checkpoint, Sequence(run, checkpoint.Config)) : new("the text");

    /// <summary>The stage that scores a model, that of a recipe with these settings. libtorch is started before.</summary>
    /// <param name="run">The command's values.</param>
    /// <param name="checkpoint">
    /// The model; a weight that is not finite is refused here, or where the model is read layer by layer when it is read.
    /// </param>
    /// <param name="tokens">What <see cref="Tokens"/> gave.</param>
    /// <param name="spans">Widths of the spans of layers that are wanted.</param>
    /// <param name="seed">Seed of scores by chance.</param>
    internal ScoreStage Stage(CommandRun run, Checkpoint checkpoint, Slot<TokenSets> tokens, IReadOnlyList<int> spans, long seed)
    {
        var within = _memory.Choose(run, checkpoint.Config);
        // Magnitudes are those of weights that are checked when they are read.
        if (Method(run).ReadsText() ? !within.Streams : Method(run) != ScoreMethod.Magnitude)
            checkpoint.CheckFinite(run.Cancellation);
        return new(ModelArgument.Slot(checkpoint), Section(run), spans, tokens, Sequence(run, checkpoint.Config),
            seed)
        { Batch = _cut.Batch(run), Memory = within };
    }

    /// <summary>Scores a model by all nine aggregators, in their order: no stage of a recipe does that.</summary>
    /// <param name="run">The command's values.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="input">Text or ids.</param>
    /// <param name="spans">Widths of the spans of layers that are wanted.</param>
    /// <param name="folder">Where residual streams may go that do not fit in memory.</param>
    internal IReadOnlyList<ImportanceScores> ScoreByAll(CommandRun run, Checkpoint checkpoint, TokenInput input, IReadOnlyList<int> spans,
        string folder)
    {
        using var source = input.Open(run, checkpoint);
        var windows = new WindowSet(source.Tokens, Sequence(run, checkpoint.Config));
        var within = _memory.Choose(run, checkpoint.Config);
        var fingerprint = ModelFingerprint.Watch(checkpoint);
        if (!within.Streams)
            checkpoint.CheckFinite(run.Cancellation);
        var section = Section(run);
        var options = new ScoreOptions
        {
            Samples = section.Samples,
            Batch = _cut.Batch(run),
            Neurons = section.Neurons,
            Experts = section.Experts,
            SpanWidths = spans
        };
        var found =
            within.Score(checkpoint, windows, options, Compression.Importance.Values.Aggregator.All, folder, run.Progress,
                run.Cancellation);
        var (teacher, hash) =
            (fingerprint.Finish(run.Cancellation), CalibrationHash.Of(source.Tokens, windows.SequenceLength, options.Samples));
        return [.. found.Select(scores => scores with { Teacher = teacher, Calibration = hash })];
    }

    private int Sequence(CommandRun run, DecoderConfig config) => _cut.Sequence(run, config);

    /// <summary>How to score, as a recipe with the same keys would say.</summary>
    private ScoreSection Section(CommandRun run) => _keys.Read(run, ScoreSection.Section);
}
