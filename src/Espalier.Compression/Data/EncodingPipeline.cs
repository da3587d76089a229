using System.Runtime.InteropServices;
using System.Text;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Generation;

namespace Espalier.Compression.Data;

/// <summary>
/// Encodes documents with several threads and hands them over in the order of the source, so that the number of threads
/// changes nothing. Only a few batches are in memory at a time.
/// </summary>
/// <param name="options">What is dropped.</param>
internal sealed class EncodingPipeline(DocumentEncoder encoder, ReadContext context, CorpusOptions options)
{
    private const int BatchBytes = 256 << 10, Stretch = 4;

    private readonly int _workers = Math.Max(1, options.Workers);
    private readonly SeenTexts _seen = options.Seen ?? new();

    /// <summary>Reads, encodes and hands over documents: all, or until there are enough.</summary>
    /// <param name="write">Called by this thread, in order.</param>
    /// <param name="batchDone">Called after each batch.</param>
    /// <param name="isEnough">Whether no more are wanted; asked after each document. Null reads all.</param>
    /// <returns>Whether all were read.</returns>
    public bool Run(IEnumerable<Document> documents, Action<EncodedDocument> write, Action batchDone, Func<bool>? isEnough = null)
    {
        var pending = new Queue<Task<List<EncodedDocument>>>();
        try
        {
            foreach (var batch in Batches(documents))
            {
                pending.Enqueue(Task.Run(() => Encode(batch), context.Cancellation));
                if (pending.Count > _workers && !WriteNext())
                    return false;
            }
            while (pending.Count > 0)
                if (!WriteNext())
                    return false;
            return true;
        }
        finally
        {
            // After a failure nobody may still be inside the encoder when the caller disposes of it.
            Task.WhenAll(pending).ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        }

        bool WriteNext()
        {
            context.Cancellation.ThrowIfCancellationRequested();
            foreach (var document in pending.Dequeue().GetAwaiter().GetResult())
            {
                if (document.IsRepetitive)
                {
                    context.Skips.Add(SkipReason.Repetitive);
                    continue;
                }
                if (encoder.DoublesBos(document.Ids.Span))
                    context.Skips.Add(SkipReason.DoubledBos);
                write(document);
                if (isEnough?.Invoke() == true)
                    return false;
            }
            batchDone();
            return true;
        }
    }

    private IEnumerable<List<(Document Document, int Bytes, ulong Hash)>> Batches(IEnumerable<Document> documents)
    {
        var batch = new List<(Document, int, ulong)>();
        var batchBytes = 0;
        foreach (var document in documents)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var utf8 = Encoding.UTF8.GetBytes(document.Text);
            var hash = ReadContext.Hash64(utf8);
            if (options.Deduplicate && !_seen.Add(hash))
            {
                context.Skips.Add(SkipReason.DuplicateDocument);
                continue;
            }
            if (options.Filters.FirstOrDefault(filter => filter.Drops(document.Text)) is { } dropped)
            {
                context.Skips.Add(dropped.Reason);
                continue;
            }
            batch.Add((document, utf8.Length, hash));
            if ((batchBytes += utf8.Length) < BatchBytes)
                continue;
            yield return batch;
            (batch, batchBytes) = ([], 0);
        }
        if (batch.Count > 0)
            yield return batch;
    }

    private List<EncodedDocument> Encode(List<(Document Document, int Bytes, ulong Hash)> batch)
    {
        var encoded = new List<EncodedDocument>(batch.Count);
        var ids = new List<int>();
        foreach (var (document, bytes, hash) in batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            ids.Clear();
            encoder.EncodeDocument(document, ids);
            encoded.Add(new EncodedDocument(CollectionsMarshal.AsSpan(ids).ToArray(), bytes, hash,
                options.MaxRepetition < 1 && TextMeasures.Repetition(CollectionsMarshal.AsSpan(ids), Stretch) > options.MaxRepetition)
            { Place = document.Place });
        }
        return encoded;
    }
}
