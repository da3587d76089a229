using Espalier.Compression.Training;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Pruning;

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
    private readonly double[] _shares = shares.Count == 0 ? [.. folders.Select(_ => 1.0)] : [.. shares];
    private string[] _hashes = [];

    public override string Name => "merge";

    public ModelSlot Merged { get; } = new("merged", model.Planned, stored);

    /// <summary>Whether a mean beyond the stored type's range becomes its largest number instead of being refused.</summary>
    public bool Clamp { get; init; }

    /// <summary>Whether a folder is a checkpoint of a training, and no Hugging Face folder.</summary>
    public static bool IsTraining(string folder) => File.Exists(Path.Combine(folder, TrainerCheckpoint.TensorsFile));

    public override void Run(RunContext run)
    {
        _hashes = [.. folders.Select(folder => run.Watch(HashedFiles.OfFolder(folder)))];
        base.Run(run);
    }

    protected override JsonObject Options() => new()
    {
        ["shares"] = new JsonArray([.. _shares.Select(share => JsonValue.Create(share))]),
        ["stored"] = stored.Name(),
    };

    protected override IEnumerable<(string Name, string Hash)> Inputs() =>
        [.. _hashes.Select((hash, i) => ($"source-{i + 1}", hash)), ("model", model.Value.Hash)];

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
            check.Elements(named => ("the mean is", at => Stored(named.Name, at, mean.At(named.Name, at))),
                $"the mean of what the {folders.Count} sources have there");
        return new() { ["parameters"] = like.Config.Parameters, ["sources"] = folders.Count };
    }

    protected override void Take(RunContext run, StageRecord record, string folder) =>
        Merged.Value = new(Merged.Name, Path.Combine(folder, ModelName), record.OutputHash);

    /// <summary>What the stored type makes of the mean.</summary>
    private float Stored(string name, long element, float mean)
    {
        var bytes = new byte[stored.Bytes()];
        new Narrowing(Clamp).Write(name, element, stored, [mean], bytes);
        ElementConversion.ToFloat32(stored, bytes, new(ref mean));
        return mean;
    }

    /// <summary>The sources, open, and their mean.</summary>
    private sealed class Mean : ITensorSource, IDisposable
    {
        // What a sum begins with: a weight of -0 and 0 would be 0.
        private const double Nothing = -0.0;

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
            total.Fill(Nothing);
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
            var total = Nothing;
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
