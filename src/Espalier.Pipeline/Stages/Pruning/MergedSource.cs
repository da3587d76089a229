using Espalier.Compression.Training;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Pipeline.Stages.Pruning;

/// <summary>One of the models that are merged: a Hugging Face folder, or a checkpoint of a training.</summary>
internal sealed class MergedSource : IDisposable
{
    private readonly Checkpoint _like;
    private readonly Checkpoint? _model;
    private readonly SafetensorsFile? _state;

    private MergedSource(Checkpoint like, Checkpoint? model, SafetensorsFile? state) => (_like, _model, _state) = (like, model, state);

    /// <summary>Opens one; it must go with the model.</summary>
    /// <exception cref="EspalierException">Another config, tokenizer or shape, damage, or a weight that is not finite.</exception>
    public static MergedSource Open(string folder, Checkpoint like)
    {
        if (MergeStage.IsTraining(folder))
            return new(like, null, StateOf(folder, like));
        var model = Checkpoint.Open(folder);
        try
        {
            RequireSameConfig(like, model);
            RequireSameTokenizer(like.Folder, folder);
            model.CheckFinite();
            return new(like, model, null);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Elements of a tensor; those that a training left alone are the model's.</summary>
    public void Read(string name, long first, Span<float> destination)
    {
        if (_state is not null && _state.Entries.TryGetValue(TrainerCheckpoint.WeightName(name), out var entry))
            _state.ReadFloat32(entry, first, destination);
        else
            (_model ?? _like).ReadFloat32(name, first, destination);
    }

    public void Dispose()
    {
        _model?.Dispose();
        _state?.Dispose();
    }

    /// <summary>The weights of a training checkpoint every byte of which was read and has the hash of its manifest.</summary>
    private static SafetensorsFile StateOf(string folder, Checkpoint like)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var step = long.TryParse(Path.GetFileName(folder).AsSpan(Path.GetFileName(folder).IndexOf('-') + 1), out var number) ? number : -1;
        if (step < 0 || Path.GetFileName(folder) != $"step-{step}")
            throw new EspalierException(
                $"{folder}: is a training checkpoint that was renamed from step-N: rename it back, because its manifest has that name");
        if (new CheckpointStore(Path.GetDirectoryName(folder)!).LatestUpTo(step) is not { } saved || saved.Step != step)
            throw new EspalierException(
                $"{folder}: is damaged or incomplete: its files do not match its manifest; give another checkpoint");
        var state = SafetensorsFile.Open(saved.PathOf(TrainerCheckpoint.TensorsFile));
        try
        {
            var trained = 0;
            foreach (var named in like.Family.Parameters(like.Config))
                if (state.Entries.TryGetValue(TrainerCheckpoint.WeightName(named.Name), out var entry))
                {
                    trained++;
                    if (!entry.Shape.AsSpan().SequenceEqual(named.Shape))
                        throw new EspalierException(
                            $"{folder}: {named.Name} is [{string.Join(", ", entry.Shape)}] but [{string.Join(", ", named.Shape)}] in "
                            + $"{like.Folder}: give checkpoints of one training, and the model that it started from");
                }
            if (state.Entries.Keys.Any(name => name.Contains(".lora_A.", StringComparison.Ordinal)))
                throw new EspalierException(
                    $"{folder}: has LoRA factors of a training with lora-rank but no weights: give the models that such trainings wrote");
            return trained > 0 ? state
                : throw new EspalierException(
                    $"{folder}: trains no parameter of {like.Folder}: give the model that the training started from");
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    private static void RequireSameConfig(Checkpoint like, Checkpoint model)
    {
        if (like.Family.ModelType != model.Family.ModelType)
            throw Different("model_type", like.Family.ModelType, like, model.Family.ModelType, model);
        // Both written over one file, so that what no model reads is no difference, nor a default that one of the files leaves out.
        var (ours, theirs) = (Fields(like.Config), Fields(model.Config));
        foreach (var field in ours.Select(field => field.Key).Union(theirs.Select(field => field.Key)))
            if (!JsonNode.DeepEquals(ours[field], theirs[field]))
                throw Different(field, ours[field]?.ToJsonString() ?? "absent", like, theirs[field]?.ToJsonString() ?? "absent", model);

        JsonObject Fields(DecoderConfig config)
        {
            try
            {
                return like.Family.WriteConfig(config, like.RawConfig, ElementType.F32);
            }
            catch (EspalierException error) when (config != like.Config)
            {
                throw new EspalierException(
                    $"config.json differs between {like.Folder} and {model.Folder}: only models with the same config can be merged",
                    error);
            }
        }
    }

    private static EspalierException Different(string field, string ours, Checkpoint like, string theirs, Checkpoint model) =>
        new($"{field} is {ours} in {like.Folder} but {theirs} in {model.Folder}: only models with the same config can be merged");

    private static void RequireSameTokenizer(string like, string model)
    {
        var name = Path.GetFileName(TokenizerSource.Find(like) ?? TokenizerSource.Find(model)) ?? TokenizerSource.Names[0];
        var (ours, theirs) = (Path.Combine(like, name), Path.Combine(model, name));
        if (File.Exists(ours) != File.Exists(theirs))
            throw new EspalierException(
                $"{(File.Exists(ours) ? theirs : ours)}: is missing but {(File.Exists(ours) ? ours : theirs)} exists: "
                + "only models with the same tokenizer can be merged");
        if (File.Exists(ours) && ContentHash.OfFile(ours) != ContentHash.OfFile(theirs))
            throw new EspalierException($"{ours} and {theirs} differ: the same ids may mean different text, so the models cannot be "
                + "merged");
    }
}
