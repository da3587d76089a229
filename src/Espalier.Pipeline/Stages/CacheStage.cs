using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Training.Saving;
using Espalier.Files;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>The teacher's distributions on the windows that training will see, written once.</summary>
/// <param name="teacher">The teacher.</param>
/// <param name="training">The training that will read it: what is kept, the temperature, how many windows.</param>
/// <param name="data">Tokens.</param>
/// <param name="sequence">Tokens of a window.</param>
/// <param name="seed">Seed of the draws, and of the training's order.</param>
public sealed class CacheStage(ModelSlot teacher, TrainingSection training, Slot<TokenSets> data, int sequence, long seed) : Stage
{
    /// <summary>Folder of the cache inside the stage's folder.</summary>
    public const string FolderName = "cache";

    private readonly CacheSection _section = training.Cache!;
    private WindowSet? _windows;
    private long[] _kept = [];

    /// <inheritdoc/>
    public override string Name => "cache";

    /// <summary>The cache's folder, which stands for the teacher.</summary>
    public Slot<ModelFolder> Cache { get; } = new("cache");

    private long Positions => checked(training.Steps * training.Batch);

    private double BytesOfAToken => CacheForecast.Of(_section, teacher.Planned, sequence).BytesOfAToken;

    internal override StageForecast? Forecast()
    {
        var tokens = Positions * sequence;
        return new(Name, $"the teacher's distributions, {EnumName.Of(_section.Encoding)}: {BytesOfAToken:0.#} bytes a token", null, tokens,
            teacher.Planned.ForwardFlopsPerToken(sequence) * tokens, TrainingForecast.WeightBytes(teacher.Planned))
        { Model = ModelForecast.Of(teacher.Planned, sequence) };
    }

    // At most: windows that are seen twice are kept once.
    internal override IEnumerable<DiskForecast> Disk() => [new("teacher's distributions", (long)(BytesOfAToken * Positions * sequence), Title)];

    /// <inheritdoc/>
    public override void Run(RunContext run)
    {
        _windows = new WindowSet(data.Value.Train, sequence, boundaries: data.Value.Boundaries);
        _kept = WindowsOf(SampleOrder.Shuffled(_windows.Count, seed), Positions);
        base.Run(run);
    }

    /// <inheritdoc/>
    protected override bool JudgesArtefacts => true;

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    protected override Dictionary<string, string> Inputs() => new() { ["teacher"] = teacher.Value.Hash, ["data"] = data.Value.Hash };

    /// <inheritdoc/>
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var model = teacher.Value.Load();
        var key = Key();
        CacheWriter.Run(folder.PathOf(FolderName), key, model, _windows!, _kept, run.Progress, run.Stop);
        var layout = new CacheLayout(key);
        return new() { ["windows"] = _kept.Length, ["bytes"] = layout.BytesFor(_kept.Length), ["bytes_per_token"] = (double)layout.WindowBytes / sequence };
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var path = Path.Combine(folder, FolderName);
        using (var cache = TeacherCache.Open(path))
            cache.Require(Key());
        Cache.Value = new("cache", path, record.OutputHash);
    }

    private CacheKey Key() => KeyOf(teacher.Value, _section, training.Temperature, data.Value, sequence, seed);

    /// <summary>What a cache must belong to for a training section.</summary>
    public static CacheKey KeyOf(ModelFolder teacher, CacheSection section, double temperature, TokenSets data, int sequence, long seed)
    {
        var config = teacher.Config;
        return CacheKey.Of(
            teacher.Hash, data.Hash, sequence, data.Boundaries is not null, config.VocabularySize, config.HiddenSize, temperature,
            section.Encoding, section.K, section.Samples, seed, TokensOf(data));
    }

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
