using Espalier.Compression.Data.Batches;
using Espalier.Compression.Pruning.Masks;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Pruning;

/// <summary>A model with its least worthy weights set to zero, its shape as it is.</summary>
/// <param name="model">The model.</param>
/// <param name="result">The result's name in tables.</param>
/// <param name="section">Method and sparsity.</param>
/// <param name="samples">Windows that Wanda reads.</param>
/// <param name="data">Tokens.</param>
/// <param name="sequence">Tokens of a window.</param>
internal sealed class MaskStage(ModelSlot model, string result, PruneSection section, int samples, Slot<TokenSets> data, int sequence)
    : Stage
{
    private readonly WeightMask _mask = section.Method == PruneMethod.Wanda ? new WandaMask() : new MagnitudeMask();
    private readonly Sparsity _sparsity = section.Sparsity!.Value;

    public override string Name => "prune";

    public ModelSlot Masked { get; } = new(result, model.Planned, model.Stored);

    // The model is loaded, and for Wanda run once for each block.
    internal override StageForecast? Forecast()
    {
        var (config, memory) = (model.Planned, TrainingForecast.WeightBytes(model.Planned));
        var tokens = (long)config.Layers * samples * sequence;
        return (section.Method == PruneMethod.Wanda
            ? new StageForecast(Name,
                $"{_sparsity} of the weights of all blocks to zero, by Wanda over {samples} samples (a control); the shape stays", null,
                tokens,
                config.ForwardFlopsPerToken(sequence) * tokens, memory)
            : new StageForecast(Name,
                $"{_sparsity} of the weights of all blocks to zero, the smallest of each matrix (a control); the shape stays", null, null,
                null, memory)) with
        { Model = ModelForecast.Of(config, sequence) };
    }

    internal override IEnumerable<DiskForecast> Disk() =>
        [new(StageForecast.TitleOf("pruned student", Cycle, Round), model.Stored.Bytes() * model.Planned.Parameters, Title)];

    protected override JsonObject Options()
    {
        var options = section.StageOptions();
        if (_mask.NeedsInputs)
            (options["samples"], options["tokens"]) = (samples, sequence);
        return options;
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs()
    {
        yield return ("teacher", model.Value.Hash);
        if (_mask.NeedsInputs)
            yield return ("data", data.Value.Hash);
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var source = model.Value.Open();
        using var decoder = DecoderWeights.Load(source);
        var zeros = MaskPruner.Run(decoder, _mask, _sparsity, new WindowSet(data.Value.Train, sequence), samples, run.Progress, run.Stop);
        CheckpointWriter.Write(folder.PathOf(ModelName), source.Config, source, source.StoredType,
            DecoderWeights.Source(decoder, source.Family), cancellation: run.Stop);
        using var written = Checkpoint.Open(folder.PathOf(ModelName));
        using var check = new SanityCheck(Name, folder, source, written);
        check.Shape(source.Config);
        check.Reloaded(decoder);
        check.SameOrZero();
        return new() { ["parameters"] = source.Config.Parameters, ["zeros"] = zeros };
    }

    protected override void Take(RunContext run, StageRecord record, string folder) =>
        Masked.Value = new(result, Path.Combine(folder, ModelName), record.OutputHash);
}
