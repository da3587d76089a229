using System.Text.Json.Nodes;
using Espalier.Compression.Distillation.Caching;

namespace Espalier.Pipeline.Options;

/// <summary>How a teacher's distributions are kept.</summary>
public sealed record CacheSection
{
    private const int MostEntries = 1 << 16;

    /// <summary>What is kept of each distribution.</summary>
    public CacheEncoding Encoding { get; init; } = CacheEncoding.TopK;

    /// <summary>Likeliest entries kept exactly.</summary>
    public int K { get; init; } = 64;

    /// <summary>Entries drawn.</summary>
    public int Samples { get; init; } = 32;

    /// <summary>The section as the value of a key.</summary>
    internal static Kind<CacheSection?> Kind { get; } = new("", (fields, key) => Read(fields.Section(key)!), cache => cache!.Canonical());

    /// <summary>The keys.</summary>
    internal static IReadOnlyList<Key<CacheSection>> Keys =>
    [
        new Key<CacheSection, CacheEncoding>("encoding", Kinds.Choice<CacheEncoding>(), s => s.Encoding, (s, encoding) => s with { Encoding = encoding })
        {
            Help = "What is kept: the k likeliest entries and the mass of the others; entries drawn; both; or hidden states, which are exact",
        },
        new Key<CacheSection, int>("k", Kinds.Size(most: MostEntries), s => s.K, (s, k) => s with { K = k })
        {
            Help = "Likeliest entries kept of each distribution",
            Useless = s => s.Encoding is CacheEncoding.Samples or CacheEncoding.Hidden ? $"encoding {EnumName.Of(s.Encoding)} keeps no likeliest entries; leave it out" : null,
        },
        new Key<CacheSection, int>("samples", Kinds.Size(most: MostEntries), s => s.Samples, (s, samples) => s with { Samples = samples })
        {
            Help = "Entries drawn from each distribution",
            Useless = s => s.Encoding is CacheEncoding.TopK or CacheEncoding.Hidden ? $"encoding {EnumName.Of(s.Encoding)} draws nothing; leave it out" : null,
        },
    ];

    private static CacheSection Read(SectionFields fields) => Keys.Aggregate(new CacheSection(), (read, key) => key.Read(fields, read));

    private JsonObject Canonical()
    {
        var fields = new JsonObject();
        foreach (var key in Keys)
            key.AddToCanonical(fields, this);
        return fields;
    }
}
