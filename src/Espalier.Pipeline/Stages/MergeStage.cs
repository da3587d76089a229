using System.Text.Json.Nodes;
using Espalier.Compression.Training.Saving;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>
/// The mean of the weights of several models of one shape, or of several checkpoints of one training (model soups, arXiv 2203.05482;
/// averages along a run, arXiv 1803.05407). Summed in float64, a piece of a tensor after the other; no model is loaded.
/// </summary>
/// <param name="model">
/// Whose config and tokenizer the result has, and whose weights stand for those that a checkpoint does not train.
/// </param>
/// <param name="folders">Hugging Face folders of that config and tokenizer, and folders of training checkpoints (<c>step-N</c>).</param>
/// <param name="shares">How much each counts, in that order; their sum divides. Empty counts them alike.</param>
/// <param name="stored">Element type of the result.</param>
internal sealed class MergeStage(ModelSlot model, IReadOnlyList<string> folders, IReadOnlyList<double> shares, ElementType stored) : Stage
{
    // Elements of a tensor that are computed again from the sources.
    private const int Looked = 16;

    private readonly double[] _shares = shares.Count == 0 ? [.. folders.Select(_ => 1.0)] : [.. shares];
    private string[] _hashes = [];

    /// <inheritdoc/>
    public override string Name => "merge";

    /// <summary>The mean.</summary>
    public ModelSlot Merged { get; } = new("merged", model.Planned, stored);

    /// <summary>Whether a mean beyond the stored type's range becomes its largest number instead of being refused.</summary>
    public bool Clamp { get; init; }

    /// <summary>Whether a folder is a checkpoint of a training, and no Hugging Face folder.</summary>
    public static bool IsTraining(string folder) => File.Exists(Path.Combine(folder, MergedSource.StateFile));

    /// <inheritdoc/>
    public override void Run(RunContext run)
    {
        _hashes = [.. folders.Select(folder => ContentHash.OfFolder(folder))];
        base.Run(run);
    }

    /// <inheritdoc/>
    protected override JsonObject Options() => new()
    {
        ["shares"] = new JsonArray([.. _shares.Select(share => JsonValue.Create(share))]),
        ["stored"] = stored.Name(),
    };

    /// <inheritdoc/>
    protected override Dictionary<string, string> Inputs() =>
        new(_hashes.Select((hash, i) => KeyValuePair.Create($"source-{i + 1}", hash))) { ["model"] = model.Value.Hash };

    /// <inheritdoc/>
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var like = model.Value.Open();
        using var mean = new Mean(like, folders, _shares);
        using (var task = run.Progress.Begin(Name, like.Config.Parameters * stored.Bytes(), "bytes"))
        {
            var options = new CheckpointWriterOptions { Progress = written => task.Advance(written), Narrowing = new(Clamp) };
            CheckpointWriter.Write(folder.PathOf(ModelName), like.Config, like, stored, mean, options, run.Stop);
            if (options.Narrowing.Warning is { } warning)
                run.Progress.Warn($"{Name}: {warning}");
        }
        using var written = Checkpoint.Open(folder.PathOf(ModelName));
        using var check = new SanityCheck(Name, folder, like, written);
        check.Shape(like.Config);
        // The mean of equal models is each of them.
        if (_hashes.Append(model.Value.Hash).Distinct().Count() == 1)
            check.Same(_ => true, "all sources are equal and every tensor is");
        else
            Require(folder, mean, written);
        return new() { ["parameters"] = like.Config.Parameters, ["sources"] = folders.Count };
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder) =>
        Merged.Value = new(Merged.Name, Path.Combine(folder, ModelName), record.OutputHash);

    /// <summary>Elements of each tensor, spread over it, are the mean of what the sources have there.</summary>
    private void Require(StageFolder folder, Mean mean, Checkpoint written)
    {
        Span<float> expected = stackalloc float[1], found = stackalloc float[1];
        foreach (var named in written.Family.Parameters(written.Config))
        {
            var count = named.Shape.Aggregate(1L, (product, size) => product * size);
            for (var i = 0; i < Looked; i++)
            {
                var at = (count - 1) * i / (Looked - 1);
                expected[0] = mean.At(named.Name, at);
                var bytes = new byte[stored.Bytes()];
                new Narrowing(Clamp).Write(named.Name, at, stored, expected, bytes);
                ElementConversion.ToFloat32(stored, bytes, expected);
                written.ReadFloat32(named.Name, at, found);
                if (BitConverter.SingleToInt32Bits(found[0]) != BitConverter.SingleToInt32Bits(expected[0]))
                    throw new EspalierException(
                        $"{Name}: what was made does not pass its check: {named.Name} element {at} is {found[0]:R} and the mean is "
                        + $"{expected[0]:R}; start again, and if it fails again report it")
                    { ExitCode = 1 };
            }
        }
        folder.Checks.Add($"{Looked} elements of each tensor are the mean of what the {folders.Count} sources have there, bit for bit");
    }

    /// <summary>The sources, open, and their mean.</summary>
    private sealed class Mean : ITensorSource, IDisposable
    {
        private readonly List<MergedSource> _sources = [];
        private readonly double[] _shares;
        private readonly double _sum;
        private double[] _total = [];

        public Mean(Checkpoint like, IReadOnlyList<string> folders, double[] shares)
        {
            (_shares, _sum) = (shares, shares.Sum());
            try
            {
                foreach (var folder in folders)
                    _sources.Add(MergedSource.Open(folder, like));
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public void Fill(string name, long firstElement, Span<float> destination)
        {
            if (_total.Length < destination.Length)
                _total = new double[destination.Length];
            var total = _total.AsSpan(0, destination.Length);
            total.Clear();
            foreach (var (source, share) in _sources.Zip(_shares))
            {
                source.Read(name, firstElement, destination);
                for (var i = 0; i < total.Length; i++)
                    total[i] += share * destination[i];
            }
            // Divided once at the end: so the mean of equal values is that value.
            for (var i = 0; i < total.Length; i++)
                destination[i] = (float)(total[i] / _sum);
        }

        /// <summary>One element, computed by itself.</summary>
        public float At(string name, long element)
        {
            Span<float> value = stackalloc float[1];
            var total = 0.0;
            for (var i = 0; i < _sources.Count; i++)
            {
                _sources[i].Read(name, element, value);
                total += _shares[i] * value[0];
            }
            return (float)(total / _sum);
        }

        public void Dispose()
        {
            foreach (var source in _sources)
                source.Dispose();
        }
    }
}

/// <summary>One of the models that are merged: a Hugging Face folder, or a checkpoint of a training.</summary>
internal sealed class MergedSource : IDisposable
{
    /// <summary>What tells a training checkpoint from other folders.</summary>
    internal const string StateFile = "state.safetensors";

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
        if (_state is not null && _state.Entries.TryGetValue(TrainedName(name), out var entry))
            _state.ReadFloat32(entry, first, destination);
        else
            (_model ?? _like).ReadFloat32(name, first, destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _model?.Dispose();
        _state?.Dispose();
    }

    private static string TrainedName(string parameter) => $"weight.{parameter}";

    /// <summary>The weights of a training checkpoint every byte of which was read and has the hash of its manifest.</summary>
    private static SafetensorsFile StateOf(string folder, Checkpoint like)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var step = long.TryParse(Path.GetFileName(folder).AsSpan(Path.GetFileName(folder).IndexOf('-') + 1), out var number) ? number : -1;
        if (step < 0 || Path.GetFileName(folder) != $"step-{step}")
            throw new EspalierException(
                $"{folder}: is a training checkpoint under another name than step-N: give it that name back, for its manifest says it");
        if (new CheckpointStore(Path.GetDirectoryName(folder)!).LatestUpTo(step) is not { } saved || saved.Step != step)
            throw new EspalierException(
                $"{folder}: is damaged or not whole, its files are not those of its manifest: give another checkpoint");
        var state = SafetensorsFile.Open(saved.PathOf(StateFile));
        try
        {
            var trained = 0;
            foreach (var named in like.Family.Parameters(like.Config))
                if (state.Entries.TryGetValue(TrainedName(named.Name), out var entry))
                {
                    trained++;
                    if (!entry.Shape.AsSpan().SequenceEqual(named.Shape))
                        throw new EspalierException(
                            $"{folder}: {named.Name} is [{string.Join(", ", entry.Shape)}] and [{string.Join(", ", named.Shape)}] in "
                            + $"{like.Folder}: give the checkpoints of one training, and the model that it began from");
                }
            return trained > 0 ? state
                : throw new EspalierException(
                    $"{folder}: trains no parameter of {like.Folder}: give the model that the training began from");
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
        var (ours, theirs) = (Fields(like), Fields(model));
        foreach (var field in ours.Select(field => field.Key).Union(theirs.Select(field => field.Key)))
            if (!JsonNode.DeepEquals(ours[field], theirs[field]))
                throw Different(field, ours[field]?.ToJsonString() ?? "absent", like, theirs[field]?.ToJsonString() ?? "absent", model);

        static JsonObject Fields(Checkpoint checkpoint) => checkpoint.Family.WriteConfig(checkpoint.Config, [], ElementType.F32);
    }

    private static EspalierException Different(string field, string ours, Checkpoint like, string theirs, Checkpoint model) =>
        new($"{field} is {ours} in {like.Folder} and {theirs} in {model.Folder}: only models of one config can be merged");

    private static void RequireSameTokenizer(string like, string model)
    {
        var (ours, theirs) = (Path.Combine(like, "tokenizer.json"), Path.Combine(model, "tokenizer.json"));
        if (File.Exists(ours) != File.Exists(theirs))
            throw new EspalierException(
                $"{(File.Exists(ours) ? theirs : ours)}: is missing and {(File.Exists(ours) ? ours : theirs)} is there: "
                + "only models of one tokenizer can be merged");
        if (File.Exists(ours) && ContentHash.OfFile(ours) != ContentHash.OfFile(theirs))
            throw new EspalierException($"{ours} and {theirs} differ: the same ids may mean other text, so the models cannot be merged");
    }
}
