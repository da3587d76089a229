using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Alignment.Packing;

/// <summary>What one side of a split came to.</summary>
/// <param name="Conversations">Conversations, or answers of pairs.</param>
/// <param name="Windows">Windows that they fill.</param>
/// <param name="Tokens">Tokens of theirs.</param>
/// <param name="Counted">Tokens of these that count in the loss.</param>
internal sealed record AlignmentSide(long Conversations, long Windows, long Tokens, long Counted)
{
    /// <summary>What a writer wrote.</summary>
    public static AlignmentSide Of(WindowStoreWriter written) =>
        new(written.Conversations, written.Windows, written.Tokens, written.Counted);
}

/// <summary>How conversations become windows.</summary>
internal sealed record AlignmentCorpusOptions
{
    /// <summary>What is read.</summary>
    public required DocumentSource Source { get; init; }

    /// <summary>Writes conversations as tokens.</summary>
    public required ConversationEncoder Encoder { get; init; }

    /// <summary>The tokenizer, as stores keep it.</summary>
    public required DocumentEncoder Tokens { get; init; }

    /// <summary>Tokens of a window that are read; one more is written.</summary>
    public required int Sequence { get; init; }

    /// <summary>What becomes of what is longer.</summary>
    public TooLong TooLong { get; init; }

    /// <summary>
    /// What is held out: conversations by all of their text, so that one question with two answers may fall on both sides; pairs and
    /// prompts by what they ask.
    /// </summary>
    public HeldOutSplit HeldOut { get; init; } = new(0);

    /// <summary>Takes what is skipped.</summary>
    public SkipCounts Skips { get; init; } = new();

    /// <summary>Bytes of files read, and all of them.</summary>
    public IProgress<(long Done, long Total)>? Progress { get; init; }

    /// <summary>The records, with progress.</summary>
    public IEnumerable<Document> Records(CancellationToken stop)
    {
        var (context, total) = (new ReadContext(Skips, stop), Source.TotalBytes);
        foreach (var record in Source.Read(context))
        {
            stop.ThrowIfCancellationRequested();
            yield return record;
            Progress?.Report((context.BytesRead, total));
        }
    }

    /// <summary>Refuses data of which nothing is left, or only on one side.</summary>
    /// <param name="what">What is counted: conversations, pairs.</param>
    /// <param name="train">How many are for training.</param>
    /// <param name="heldOut">How many are held out; null where none are asked for.</param>
    public void Require(string what, long train, long? heldOut)
    {
        var skipped = Skips.ToString().Length > 0 ? Skips.Describe() : "none";
        if (train + (heldOut ?? 0) == 0)
        {
            var files = Source.Files.Count();
            throw new EspalierException(
                $"no {what} in {Source.Description}: {Units.Counted(files, "file was", "files were")} read, but no record was left "
                    + $"(skipped: {skipped})");
        }
        var share = HeldOut.Share.ToString("P1", CultureInfo.InvariantCulture);
        if (heldOut == 0)
            throw new EspalierException(
                $"held-out {share} of {train} {what} in {Source.Description} rounds to none; give a larger share, more data, or 0 to "
                    + "hold out nothing");
        if (train == 0)
            throw new EspalierException(
                $"held-out {share} takes all {heldOut} {what} in {Source.Description}; give a smaller share or more data");
    }
}
