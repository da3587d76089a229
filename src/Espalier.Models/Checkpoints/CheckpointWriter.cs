using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints;

/// <summary>What to write, apart from the weights.</summary>
internal sealed record CheckpointWriterOptions
{
    /// <summary>Largest file of weights in bytes; the default is that of transformers, 5 GB.</summary>
    public long MaxShardBytes { get; init; } = 5_000_000_000;

    /// <summary>Text of a <c>README.md</c>; none is written where null.</summary>
    public string? Readme { get; init; }

    /// <summary>What becomes of values that the stored type cannot hold; by default they are refused by name.</summary>
    public Narrowing Narrowing { get; init; } = new();

    /// <summary>Looks at the result when all weights were read, before the folder appears; what it throws prevents that.</summary>
    public Action? Check { get; init; }

    /// <summary>Receives the bytes of weights written since the last call.</summary>
    public Action<long>? Progress { get; init; }
}

/// <summary>Writes Hugging Face folders as <c>save_pretrained</c> of transformers 4.57 does.</summary>
internal static class CheckpointWriter
{
    /// <summary>
    /// Writes a folder: both configs, the weights (in shards above the limit), and everything that is carried along from the
    /// source's folder. It appears under its name when it is complete and on the disk, and not at all when anything fails.
    /// </summary>
    /// <param name="folder">The folder to make; nothing but an empty folder may be there.</param>
    /// <param name="target">The shapes to write.</param>
    /// <param name="source">
    /// The model that the target comes from, open with or without weights: its family, config fields and tokenizer.
    /// </param>
    /// <param name="stored">Type to store the weights in.</param>
    /// <param name="weights">Supplies every parameter of the target, by the family's names.</param>
    /// <param name="options">Limits and progress.</param>
    /// <param name="cancellation">Stops the writing and removes what was written.</param>
    /// <exception cref="EspalierException">
    /// The folder is taken, the disk is full, or the family's config cannot say what the target asks for.
    /// </exception>
    public static void Write(
        string folder, DecoderConfig target, Checkpoint source, ElementType stored, ITensorSource weights,
        CheckpointWriterOptions? options = null, CancellationToken cancellation = default) =>
        Write(folder, target, ModelHead.Of(source), stored, weights, options, cancellation);

    /// <summary>The same, of a model that lies in no folder.</summary>
    public static void Write(
        string folder, DecoderConfig target, ModelHead source, ElementType stored, ITensorSource weights,
        CheckpointWriterOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var config = source.Family.WriteConfig(target, source.RawConfig, stored);
        var generation = PretrainedConfig.Generation(source.GenerationConfig, config);
        StoredTensor[] tensors = [.. source.Family.Table.Tensors(target)];
        var shards = ShardPlan.Split(tensors.Select(tensor => new TensorSpec(tensor.Name, stored, tensor.Shape)), options.MaxShardBytes);
        var layouts = shards.Select(static shard => (shard.File, Layout: SafetensorsLayout.Plan(shard.Tensors))).ToArray();
        var total = layouts.Sum(static shard => shard.Layout.Length) + source.Carried.Sum(static file => file.Bytes);

        DurableOutput.WriteFolder(folder, total, temporary =>
        {
            foreach (var file in source.Carried)
                file.Write(Path.Combine(temporary, file.Name));
            DurableOutput.WriteText(Path.Combine(temporary, CheckpointFolder.ConfigFile), ConfigJson.Text(config));
            DurableOutput.WriteText(Path.Combine(temporary, CheckpointFolder.GenerationConfigFile), ConfigJson.Text(generation));
            if (options.Readme is { } readme)
                DurableOutput.WriteText(Path.Combine(temporary, "README.md"), readme);
            var bytes = SafetensorsWriter.Narrowed(new FusedSource(tensors, weights), options.Narrowing);
            foreach (var (file, layout) in layouts)
                SafetensorsWriter.Write(Path.Combine(temporary, file), layout, bytes, options.Progress, cancellation);
            if (layouts.Length > 1)
                DurableOutput.WriteText(Path.Combine(temporary, CheckpointFolder.IndexFile), ShardPlan.Index(shards));
            options.Check?.Invoke();
        });
    }
}
