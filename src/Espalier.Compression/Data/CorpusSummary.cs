using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data;

/// <summary>What was written, as <c>data.json</c> says it.</summary>
internal sealed record CorpusSummary
{
    /// <summary>The sources as the user named them.</summary>
    public required string Source { get; init; }

    /// <summary>The share that was asked to be held out, by documents.</summary>
    public required double HeldOutShare { get; init; }

    /// <summary>SHA-256 of the tokenizer.</summary>
    public required string TokenizerSha256 { get; init; }

    /// <summary>The training side, in the folder <c>train</c>.</summary>
    public required CorpusSide Train { get; init; }

    /// <summary>The held-out side, in the folder <c>held-out</c>; null where nothing was to be held out.</summary>
    public required CorpusSide? HeldOut { get; init; }

    /// <summary>What was skipped or mended, by the kebab-case name of its <see cref="SkipReason"/>.</summary>
    public required IReadOnlyDictionary<string, long> Skips { get; init; }
}

/// <summary>One side of the split.</summary>
/// <param name="Documents">Number of documents.</param>
/// <param name="Tokens">Number of ids, EOS included.</param>
/// <param name="TextBytes">UTF-8 bytes of the text.</param>
/// <param name="Sha256">Of the ids as they lie on disk.</param>
internal sealed record CorpusSide(long Documents, long Tokens, long TextBytes, string Sha256);
