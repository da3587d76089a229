using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation.Caching;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Stages;

/// <summary>The teacher's distributions on the windows that training will see, written once.</summary>
public static class CacheStage
{
    /// <summary>Folder of the cache inside the stage's folder.</summary>
    public const string FolderName = "cache";

    /// <summary>Captures what is missing; the cache's folder and the hash of what it holds.</summary>
    /// <param name="run">The run.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="section">What is kept.</param>
    /// <param name="temperature">τ of the distributions.</param>
    /// <param name="data">Tokens.</param>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <param name="windows">Which windows, ascending, none twice, given what there is; null keeps all.</param>
    public static (string Folder, string Hash) Run(
        RunContext run, ModelFolder teacher, CacheSection section, double temperature, TokenSets data, int sequence, long seed, Func<WindowSet, long[]>? windows = null)
    {
        var all = new WindowSet(data.Train, sequence, boundaries: data.Boundaries);
        var kept = windows?.Invoke(all) ?? [.. Enumerable.Range(0, checked((int)all.Count)).Select(window => (long)window)];
        var key = KeyOf(teacher, section, temperature, data, sequence, seed);
        var options = new JsonObject
        {
            ["encoding"] = EnumName.Of(key.Encoding),
            ["k"] = key.K,
            ["samples"] = key.Samples,
            ["temperature"] = key.Temperature,
            ["sequence"] = sequence,
            ["seed"] = key.Seed,
            ["windows"] = ContentHash.OfText(string.Join(',', kept)),
        };
        if (data.Boundaries is not null)
            options["documents"] = "separate";
        var record = run.Do("cache", options, new Dictionary<string, string> { ["teacher"] = teacher.Hash, ["data"] = data.Hash }, (stage, _) =>
        {
            using var model = teacher.Load();
            CacheWriter.Run(stage.PathOf(FolderName), key, model, all, kept, run.Progress, run.Stop);
            var layout = new CacheLayout(key);
            return new() { ["windows"] = kept.Length, ["bytes"] = layout.BytesFor(kept.Length), ["bytes_per_token"] = (double)layout.WindowBytes / sequence };
        }, keepArtefacts: true);
        return (Path.Combine(run.FolderOf(record), FolderName), record.OutputHash);
    }

    /// <summary>What a cache must belong to for a training section.</summary>
    public static CacheKey KeyOf(ModelFolder teacher, CacheSection section, double temperature, TokenSets data, int sequence, long seed)
    {
        using var checkpoint = Checkpoint.Open(teacher.Path, requireWeights: false);
        return KeyOf(checkpoint.Config, teacher.Hash, section, temperature, data, sequence, seed);
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

    private static CacheKey KeyOf(DecoderConfig teacher, string hash, CacheSection section, double temperature, TokenSets data, int sequence, long seed) =>
        CacheKey.Of(
            hash, data.Hash, sequence, data.Boundaries is not null, teacher.VocabularySize, teacher.HiddenSize, temperature,
            section.Encoding, section.K, section.Samples, seed, TokensOf(data));
}
