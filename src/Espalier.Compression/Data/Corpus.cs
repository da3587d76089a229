using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data;

/// <summary>
/// Text in, token stores out: sources to documents, split, encoded, written, summed up. The same input gives the same bytes.
/// </summary>
internal static class Corpus
{
    /// <summary>Folder of the training tokens.</summary>
    public const string TrainFolder = "train";

    /// <summary>Folder of the held-out tokens.</summary>
    public const string HeldOutFolder = "held-out";

    /// <summary>The summary's file.</summary>
    public const string SummaryName = "data.json";

    /// <summary>Writes <c>train/</c>, <c>held-out/</c> and, last, <c>data.json</c> into a folder.</summary>
    /// <param name="output">The folder; created.</param>
    /// <param name="progress">Bytes of source files read, and all of them.</param>
    /// <param name="cancellation">Stops between documents and leaves no half store.</param>
    /// <exception cref="EspalierException">No text, or all of it on one side of the split.</exception>
    public static CorpusSummary Build(
        CorpusOptions options, DocumentEncoder encoder, string output, IProgress<(long Done, long Total)>? progress = null,
        CancellationToken cancellation = default)
    {
        var source = DocumentSource.Parse(options.Sources, options.Field, options.LeaveOut);
        var context = new ReadContext(options.Skips, cancellation);
        var split = options.HeldOut;
        try
        {
            using var train = new TrainingSide(
                Path.Combine(output, TrainFolder), encoder, source.Description, options.Disk, options.Window);
            using var heldOut = split.Share > 0 ? new TokenStoreWriter(Path.Combine(output, HeldOutFolder), encoder, source.Description)
                : null;
            var total = source.TotalBytes;
            var budget = options.MaxTokens * train.BytesOfToken;
            var room = new CorpusRoom(output, source.Description, options.Disk < (budget ?? long.MaxValue) ? options.Disk : budget,
                streams: options.Disk < (budget ?? long.MaxValue));
            var isWhole = Encode(source, options, encoder, context, progress,
                document =>
                {
                    if (split.IsHeldOut(document.Hash))
                        heldOut!.Append(document.Ids.Span, document.Utf8Bytes);
                    else
                        train.Append(document);
                    room.Look(context.BytesRead, total, (train.Count + (heldOut?.Count ?? 0)) * train.BytesOfToken);
                },
                options.MaxTokens is { } most ? () => train.Count >= most : null);
            CheckSides(source, split, context.Skips, train.Documents,
                options.MayHoldOutNone && train.Documents > 0 && heldOut?.Documents == 0 ? null : heldOut?.Documents);

            var summaryPath = Path.Combine(output, SummaryName);
            // Without a summary there is no corpus: the old one ends before its stores do.
            DurableOutput.Guard(summaryPath, () => DurableFiles.OnDisk.DeleteFile(summaryPath));
            var summary = new CorpusSummary
            {
                Source = source.Description,
                HeldOutShare = split.Share,
                TokenizerSha256 = encoder.Sha256,
                Train = train.Finish(),
                HeldOut = heldOut is null or { Documents: 0 } ? null : SideOf(heldOut.Finish()),
                // How far a source is read ahead depends on the threads, and so would what is counted there.
                Skips = isWhole ? context.Skips.ToDictionary() : new Dictionary<string, long>(),
            };
            DurableOutput.WriteFile(summaryPath, 0, stream => JsonSerializer.Serialize(stream, summary, DataJson.Options));
            return summary;
        }
        finally
        {
            foreach (var folder in (string[])[Path.Combine(output, TrainFolder), Path.Combine(output, HeldOutFolder), output])
                if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
                    DurableFiles.OnDisk.TryDelete(folder);
        }
    }

    /// <summary>Writes one token store without a split: text to evaluate on.</summary>
    /// <param name="output">The folder; created.</param>
    /// <param name="progress">Bytes of source files read, and all of them.</param>
    /// <param name="cancellation">Stops between documents and leaves no half store.</param>
    /// <returns>The store's index and what was skipped.</returns>
    /// <exception cref="EspalierException">No text.</exception>
    public static (TokenStoreIndex Index, SkipCounts Skips) BuildStore(
        CorpusOptions options, DocumentEncoder encoder, string output, IProgress<(long Done, long Total)>? progress = null,
        CancellationToken cancellation = default)
    {
        var source = DocumentSource.Parse(options.Sources, options.Field, options.LeaveOut);
        var context = new ReadContext(options.Skips, cancellation);
        using var store = new TokenStoreWriter(output, encoder, source.Description);
        Encode(source, options, encoder, context, progress, document => store.Append(document.Ids.Span, document.Utf8Bytes));
        CheckSides(source, new HeldOutSplit(0), context.Skips, store.Documents, null);
        return (store.Finish(), context.Skips);
    }

    private static bool Encode(
        DocumentSource source, CorpusOptions options, DocumentEncoder encoder, ReadContext context, IProgress<(long, long)>? progress,
        Action<EncodedDocument> write, Func<bool>? isEnough = null)
    {
        var total = source.TotalBytes;
        return new EncodingPipeline(encoder, context, options)
            .Run(source.Read(context), write, () => progress?.Report((context.BytesRead, total)), isEnough);
    }

    private static void CheckSides(DocumentSource source, HeldOutSplit split, SkipCounts skips, long train, long? heldOut)
    {
        if (train + (heldOut ?? 0) == 0)
        {
            var files = source.Files.Count();
            throw new EspalierException($"no text in {source.Description}: " + (skips.ToString().Length > 0
                ? $"{(files == 1 ? "1 file was" : $"{files} files were")} read, but no document was left (skipped: {skips.Describe()})"
                : $"{(files == 1 ? "the file is empty or blank" : $"all {files} files are empty or blank")}; give a file with text in it"));
        }
        if (heldOut == 0)
            throw OneSidedSplitException.NothingHeldOut(split.Share, train, source.Description);
        if (train == 0)
            throw OneSidedSplitException.AllHeldOut(split.Share, heldOut!.Value, source.Description);
    }

    private static CorpusSide SideOf(TokenStoreIndex index) => new(index.Documents, index.Count, index.TextBytes, index.TokensSha256);
}
