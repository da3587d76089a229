using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;

namespace Espalier.Compression.Data;

/// <summary>What a corpus is made of.</summary>
internal sealed record CorpusOptions
{
    /// <summary>The sources, as <see cref="DocumentSource"/> takes them.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>Tells of a file that a folder or pattern holds whether it is left out.</summary>
    public Predicate<string>? LeaveOut { get; init; }

    /// <summary>The field of records that alone decides, where a source names none; null for any known shape.</summary>
    public string? Field { get; init; }

    /// <summary>Which documents are held out; a share of 0 holds out none, and writes no held-out store.</summary>
    public HeldOutSplit HeldOut { get; init; } = new(0.02);

    /// <summary>Whether a share that comes to no document is none held out, with no held-out store, in place of an error.</summary>
    public bool MayHoldOutNone { get; init; }

    /// <summary>Threads that encode; the result does not depend on it.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Takes what is skipped, with its first places; null where the counts of the result are enough.</summary>
    public SkipCounts? Skips { get; init; }

    /// <summary>Whether a document whose text was read before is dropped (and counted).</summary>
    public bool Deduplicate { get; init; } = true;

    /// <summary>
    /// Bytes that training ids may take on the disk: more are cut into pieces that are made when they are needed
    /// (<see cref="Pieces.PieceIndex"/>). Null for as many as there are.
    /// </summary>
    public long? Disk { get; init; }

    /// <summary>Ids of a window, between which pieces are cut.</summary>
    public int Window { get; init; }

    /// <summary>Hashes of the texts that were read before, also from other sources; null for those of this corpus alone.</summary>
    public SeenTexts? Seen { get; init; }

    /// <summary>Which documents else are dropped (and counted), asked in order.</summary>
    public IReadOnlyList<DocumentFilter> Filters { get; init; } = [];

    /// <summary>
    /// Repetition from which on a document is dropped (<see cref="Models.Generation.TextMeasures.Repetition"/>, stretches of four ids).
    /// </summary>
    public double MaxRepetition { get; init; } = 1;

    /// <summary>Training tokens after which reading ends, with the document that reaches them; null reads all.</summary>
    public long? MaxTokens { get; init; }
}
