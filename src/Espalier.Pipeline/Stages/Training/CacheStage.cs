using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>The teacher's distributions on the windows that training will see, written once.</summary>
/// <param name="teacher">The teacher.</param>
/// <param name="section">What is kept of a distribution.</param>
/// <param name="temperature">Divides the logits.</param>
/// <param name="positions">How many windows a training will draw; those that it draws twice are kept once.</param>
/// <param name="data">Tokens.</param>
/// <param name="sequence">Tokens of a window.</param>
/// <param name="seed">Seed of the draws, and of the training's order.</param>
internal sealed class CacheStage(ModelSlot teacher, CacheSection section, double temperature, long positions, Slot<TokenSets> data,
    int sequence, long seed) : Stage
{
    /// <summary>Folder of the cache inside the stage's folder.</summary>
    public const string FolderName = "cache";

    private WindowSet? _windows;
    private long[] _kept = [];
    public override string Name => "cache";

    /// <summary>
    /// Which windows are kept, given their number, ascending; by default those that a training in the order of the seed draws.
    /// </summary>
    public Func<long, long[]> Windows { get; init; } = count => WindowsOf(data.Value.Shuffled(count, seed), positions);

    /// <summary>Where the cache is written, outside the run folder; null for the stage's own folder.</summary>
    public string? Place { get; init; }

    /// <summary>The cache's folder, which stands for the teacher.</summary>
    public Slot<ModelFolder> Cache { get; } = new("cache");

    private double BytesOfAToken => CacheForecast.Of(section, teacher.Planned, sequence).BytesOfAToken;

    internal override StageForecast? Forecast()
    {
        var tokens = positions * sequence;
        return new(Name, $"the teacher's distributions, {EnumName.Of(section.Encoding)}: {BytesOfAToken:0.#} bytes per token", null, tokens,
            teacher.Planned.ForwardFlopsPerToken(sequence) * tokens, TrainingForecast.WeightBytes(teacher.Planned))
        { Model = ModelForecast.Of(teacher.Planned, sequence) };
    }

    // At most: windows that are seen twice are kept once.
    internal override IEnumerable<DiskForecast> Disk() =>
        [new("teacher's distributions", (long)(BytesOfAToken * positions * sequence), Title)];
    public override void Run(RunContext run)
    {
        _windows = new WindowSet(data.Value.Train, sequence, boundaries: data.Value.Boundaries);
        _kept = Windows(_windows.Count);
        // What does not lie in the stage's folder is judged by the cache itself.
        if (Place is not null && run.RecordOf(Identity) is not null && !IsWhole(Place))
            run.Forget(Identity);
        base.Run(run);
    }
    protected override bool JudgesArtefacts => true;
    protected override JsonObject Options()
    {
        var key = Key();
        var options = new JsonObject
        {
            ["encoding"] = EnumName.Of(key.Encoding),
            ["k"] = key.K,
            ["samples"] = key.Samples,
            ["temperature"] = key.Temperature,
            ["sequence"] = sequence,
            ["seed"] = key.Seed,
            ["windows"] = ContentHash.OfText(string.Join(',', _kept)),
        };
        if (data.Value.Boundaries is not null)
            options["documents"] = "separate";
        return options;
    }
    protected override IEnumerable<(string Name, string Hash)> Inputs() => [("teacher", teacher.Value.Hash), ("data", data.Value.Hash)];
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var model = teacher.Value.Load();
        var key = Key();
        var layout = new CacheLayout(key);
        run.Progress.Note($"cache: {_kept.Length} windows of {sequence} tokens, {Units.Bytes(layout.BytesFor(_kept.Length))}");
        CacheWriter.Run(Place ?? folder.PathOf(FolderName), key, model, _windows!, _kept, run.Progress, run.Stop);
        return new()
        {
            ["windows"] = _kept.Length,
            ["bytes"] = layout.BytesFor(_kept.Length),
            ["bytes_per_token"] = (double)layout.WindowBytes / sequence
        };
    }
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var path = Place ?? Path.Combine(folder, FolderName);
        using (var cache = TeacherCache.Open(path))
            cache.Require(Key());
        Cache.Value = new("cache", path, record.OutputHash);
    }

    private CacheKey Key()
    {
        var (model, config, tokens) = (teacher.Value, teacher.Value.Config, data.Value);
        return CacheKey.Of(
            model.Hash, tokens.Hash, sequence, tokens.Boundaries is not null, config.VocabularySize, config.HiddenSize, temperature,
            section.Encoding, section.K, section.Samples, seed, TokensOf(tokens));
    }

    private bool IsWhole(string place) => Perhaps.Of(() =>
    {
        using var cache = TeacherCache.Open(place);
        return cache.Key == Key();
    });

    /// <summary>The windows that a training of so many positions sees.</summary>
    public static long[] WindowsOf(SampleOrder order, long positions)
    {
        var seen = new SortedSet<long>();
        for (var position = 0L; position < positions && seen.Count < order.Windows; position++)
            seen.Add(order.WindowAt(position));
        return [.. seen];
    }

    /// <summary><see cref="CacheKey.Tokens"/> of some data.</summary>
    public static string? TokensOf(TokenSets data) =>
        data is { Boundaries: null, Train: TokenStore store } ? store.Index.TokensSha256 : null;
}
