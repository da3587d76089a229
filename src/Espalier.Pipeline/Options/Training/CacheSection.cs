using Espalier.Compression.Distillation.Caching;

namespace Espalier.Pipeline.Options.Training;

/// <summary>How a teacher's distributions are kept.</summary>
internal sealed record CacheSection
{
    private const int MostEntries = 1 << 16;

    /// <summary>What is kept of each distribution.</summary>
    public CacheEncoding Encoding { get; init; } = CacheEncoding.TopK;

    /// <summary>Likeliest entries kept exactly.</summary>
    public int K { get; init; } = 64;

    /// <summary>Entries drawn.</summary>
    public int Samples { get; init; } = 32;

    /// <summary>The section as the value of a key.</summary>
    internal static Kind<CacheSection?> Kind => Kinds.Section<CacheSection?>(Section, Read, cache => Keys.Canonical(cache!));

    internal static IReadOnlyList<Key<CacheSection>> Keys { get; } =
    [
        new Key<CacheSection, CacheEncoding>(
            "encoding", Kinds.Choice<CacheEncoding>(), s => s.Encoding, (s, encoding) => s with { Encoding = encoding })
        {
            Help = "What is stored: the k likeliest entries and the total mass of the rest; sampled entries; both; or hidden states, "
                + "which are lossless",
            Page = """
                `top-k`: the `k` likeliest entries and the total mass of the rest, with the exact gradient on the k. `samples`: sampled
                entries, with an unbiased gradient (arXiv 2503.16870). `top-k-samples`: the k likeliest entries and samples from the rest,
                unbiased with less noise. `hidden`: the states before the head, which are lossless.
                """,
        },
        new Key<CacheSection, int>("k", Kinds.Size(most: MostEntries), s => s.K, (s, k) => s with { K = k })
        {
            Help = "Likeliest entries stored for each distribution",
            Page = "Likeliest entries stored; 6 bytes each (8 if the vocabulary has more than 65,536 entries).",
            Useless = s => s.Encoding is CacheEncoding.Samples or CacheEncoding.Hidden
                ? $"encoding {EnumName.Of(s.Encoding)} keeps no likeliest entries; leave it out" : null,
        },
        new Key<CacheSection, int>("samples", Kinds.Size(most: MostEntries), s => s.Samples, (s, samples) => s with { Samples = samples })
        {
            Help = "Entries sampled from each distribution",
            Page = "Sampled entries; 2 bytes each (4 for such a vocabulary).",
            Useless = s => s.Encoding is CacheEncoding.TopK or CacheEncoding.Hidden
                ? $"encoding {EnumName.Of(s.Encoding)} samples nothing; leave it out" : null,
        },
    ];

    internal static Section Section { get; } = new("cache", Keys);

    internal static CacheSection Read(SectionFields fields) => Keys.Read(fields, new());
}
