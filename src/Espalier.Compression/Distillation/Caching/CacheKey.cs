using System.Text.Json.Serialization;

namespace Espalier.Compression.Distillation.Caching;

/// <summary>What a cache belongs to: nothing else may be trained from it.</summary>
/// <param name="Teacher">Hash of the teacher's folder, or of the stage that made it.</param>
/// <param name="Data">Hash of the tokens and of how they are cut.</param>
/// <param name="Sequence">Positions of a window.</param>
/// <param name="Documents">Whether tokens saw documents before their own: cross or separate.</param>
/// <param name="Vocabulary">Entries of the teacher's vocabulary.</param>
/// <param name="HiddenSize">The teacher's width.</param>
/// <param name="Temperature">τ of the distributions that were kept.</param>
/// <param name="Encoding">What is kept.</param>
/// <param name="K">Likeliest entries.</param>
/// <param name="Samples">Drawn entries.</param>
/// <param name="Seed">Seed of the draws.</param>
internal sealed record CacheKey(
    string Teacher, string Data, int Sequence, string Documents, int Vocabulary, int HiddenSize, double Temperature, CacheEncoding Encoding,
    int K, int Samples, long Seed)
{
    /// <summary>
    /// SHA-256 of the tokens alone, where they are known and are cut without regard to documents; null elsewhere and in caches of early
    /// builds. The data's own hash also has the tokenizer's file in it, and a student whose control tokens have other names reads the same
    /// text as the same tokens.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tokens { get; init; }

    /// <summary>The key of these settings; what an encoding does not use is 0, so that it cannot differ.</summary>
    public static CacheKey Of(
        string teacher, string data, int sequence, bool separate, int vocabulary, int hiddenSize, double temperature,
        CacheEncoding encoding, int k,
        int samples, long seed, string? tokens = null)
    {
        var (keepsTop, draws) =
            (encoding is CacheEncoding.TopK or CacheEncoding.TopKSamples, encoding is CacheEncoding.Samples or CacheEncoding.TopKSamples);
        if (keepsTop && k < 1)
            throw new EspalierException($"cache: k is {k}; it must be at least 1");
        if (keepsTop && k >= vocabulary)
            throw new EspalierException(
                $"cache: k is {k}, but the vocabulary has {vocabulary} entries; keep fewer, or use encoding hidden");
        if (draws && samples < 1)
            throw new EspalierException($"cache: samples is {samples}; it must be at least 1");
        return new(
            teacher, data, sequence, separate ? "separate" : "cross", vocabulary, hiddenSize, encoding == CacheEncoding.Hidden ? 1
                : temperature, encoding,
            keepsTop ? k : 0, draws ? samples : 0, draws ? seed : 0)
        { Tokens = tokens };
    }

    /// <summary>The first thing in which this key differs from the one that is wanted, in words; null where they are equal.</summary>
    /// <param name="wanted">What training wants; a null hash is not compared.</param>
    public string? DifferenceFrom(CacheKey wanted) =>
        Differs("the teacher", Short(Teacher), Short(wanted.Teacher), wanted.Teacher.Length > 0)
        ?? Differs("the sequence", Sequence, wanted.Sequence)
        ?? Differs("the data", Short(Data), Short(wanted.Data), matters: !IsOfTokens(wanted))
        ?? Differs("the context of documents", Documents, wanted.Documents)
        ?? Differs("the vocabulary", Vocabulary, wanted.Vocabulary)
        ?? Differs("the teacher's width", HiddenSize, wanted.HiddenSize)
        ?? Differs("the encoding", EnumName.Of(Encoding), EnumName.Of(wanted.Encoding))
        ?? Differs("the temperature", Temperature, wanted.Temperature)
        ?? Differs("k", K, wanted.K)
        ?? Differs("samples", Samples, wanted.Samples)
        ?? Differs("the seed", Seed, wanted.Seed);

    /// <summary>Whether this key is of the very tokens that are wanted, from whatever tokenizer they came.</summary>
    public bool IsOfTokens(CacheKey wanted) => Tokens is not null && Tokens == wanted.Tokens;

    private static string? Differs<T>(string what, T mine, T wanted, bool matters = true) =>
        matters && !Equals(mine, wanted) ? $"{what} is {mine} in the cache but {wanted} here" : null;

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;
}
