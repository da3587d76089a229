using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Streaming;
using Espalier.Compression.Importance.Values;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Pruning;

/// <summary>Importance of a model's units, by the first training windows or without any.</summary>
/// <param name="model">The model.</param>
/// <param name="section">How.</param>
/// <param name="spans">Numbers of layers that may go at once; 1 is always there.</param>
/// <param name="data">Tokens.</param>
/// <param name="sequence">Tokens of a window.</param>
/// <param name="seed">Seed of random scores.</param>
internal sealed class ScoreStage(ModelSlot model, ScoreSection section, IReadOnlyList<int> spans, Slot<TokenSets> data, int sequence,
    long seed) : Stage
{
    /// <summary>File of the scores inside the stage's folder.</summary>
    public const string ScoresName = "scores.json";

    public override string Name => "score";

    /// <summary>Windows of one forward pass; part of no key, for no score depends on it.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>How it gets by with the memory there is; part of no key either. Null chooses when it runs.</summary>
    public ScoringMemory? Memory { get; init; }

    public Slot<ArtefactFile> Scores { get; } = new("the scores");

    internal override StageForecast? Forecast()
    {
        var (config, tokens, samples) = (model.Planned, (long)section.Samples * sequence, section.Samples);
        var (forward, memory) = (config.ForwardFlopsPerToken(sequence), TrainingForecast.WeightBytes(config));
        StageForecast forecast = section.Method switch
        {
            ScoreMethod.Magnitude => new(Name, "size of every unit's weights (a control)", null, null, null, null),
            ScoreMethod.Random => new(Name, "chance (a control)", null, null, null, null),
            ScoreMethod.Taylor =>
                new(Name, $"first-order Taylor of every unit over {samples} samples (a control)", null, tokens, 3 * forward * tokens,
                    2 * memory),
            ScoreMethod.Redundancy =>
                new(Name, $"how little neurons and heads duplicate each other over {samples} samples (a control)", null, tokens,
                (forward + 2.0 * config.Layers * config.IntermediateSize * config.IntermediateSize) * tokens,
                memory + 8L * config.Layers * config.IntermediateSize * config.IntermediateSize),
            _ => new(Name,
                $"importance of every unit over {samples} samples, ({EnumName.Of(section.Batch)}, {EnumName.Of(section.Sequence)})", null,
                tokens, forward * tokens, memory),
        };
        return forecast with { Model = ModelForecast.Of(config, sequence) };
    }

    protected override JsonObject Options()
    {
        var options = ScoreSection.Keys.StageOptions(section);
        options["spans"] = new JsonArray([.. spans.Select(span => (JsonNode)span)]);
        if (section.Method.ReadsText())
            options["tokens"] = sequence;
        // Scores of a mixture that an earlier version made do not hold its routing.
        if (section.Method.ReadsActivations() && model.Planned.LayersWithExperts > 0)
            options["routing"] = true;
        if (section.Method == ScoreMethod.Random)
            options["seed"] = seed;
        return options;
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs()
    {
        yield return ("teacher", model.Value.Hash);
        if (section.Method.ReadsText())
            yield return ("data", data.Value.Hash);
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var readsText = section.Method.ReadsText();
        using var source = model.Value.Open();
        var fingerprint = ModelFingerprint.Watch(source);
        var options = new ScoreOptions
        {
            Method = section.Method,
            Samples = section.Samples,
            Batch = Batch,
            Aggregator = new(section.Batch, section.Sequence),
            Neurons = section.Neurons,
            Experts = section.Experts,
            SpanWidths = spans,
            Seed = seed,
        };
        var scores = (Memory ?? ScoringMemory.For(source.Config)).Score(
            source, readsText ? new WindowSet(data.Value.Train, sequence) : null, options, folder.Path, run.Progress, run.Stop);
        ScoresFile.Write(folder.PathOf(ScoresName), scores with
        {
            Teacher = fingerprint.Finish(run.Stop),
            Calibration = readsText ? CalibrationHash.Of(data.Value.Train, sequence, section.Samples) : "",
        });
        return readsText ? new() { ["samples"] = scores.Samples } : new();
    }

    protected override void Take(RunContext run, StageRecord record, string folder) =>
        Scores.Value = new(Path.Combine(folder, ScoresName), record.OutputHash);
}
