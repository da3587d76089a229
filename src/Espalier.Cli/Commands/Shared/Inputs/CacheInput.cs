using Espalier.Compression.Distillation.Caching;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>A cache of the teacher's distributions that was given instead of the teacher.</summary>
internal static class CacheInput
{
    /// <summary>What a cache keeps, from its own words.</summary>
    internal static CacheSection SectionOf(string folder)
    {
        using var cache = TeacherCache.Open(folder);
        return new() { Encoding = cache.Key.Encoding, K = Math.Max(1, cache.Key.K), Samples = Math.Max(1, cache.Key.Samples) };
    }

    /// <summary>The cache as what training reads, when it belongs to these tokens and this temperature.</summary>
    /// <exception cref="EspalierException">It is stale: the difference is named.</exception>
    internal static Slot<ModelFolder> Require(CommandRun run, string folder, string? teacher, TokenSets tokens, int sequence,
        double temperature)
    {
        using var cache = TeacherCache.Open(folder);
        var key = cache.Key;
        var wanted = key with
        {
            Teacher = teacher ?? "",
            Data = tokens.Hash,
            Tokens = CacheStage.TokensOf(tokens),
            Sequence = sequence,
            Temperature = key.Encoding == CacheEncoding.Hidden ? key.Temperature : temperature,
        };
        cache.Require(wanted);
        if (key.Data != wanted.Data)
            run.Progress.Warn($"{folder} was written with another tokenizer.json, which encodes this text to the same tokens: "
                + "to compare all ids, give --teacher too");
        return new("cache") { Value = new("cache", folder, ContentHash.OfFile(Path.Combine(folder, "cache.json"))) };
    }
}
