using System.Runtime.InteropServices;
using System.Text;

namespace Espalier.Compression.Data;

/// <summary>
/// Encodes documents with several threads and hands them over in the order of the source, so that the number of threads
/// changes nothing. Only a few batches are in memory at a time.
/// </summary>
internal sealed class EncodingPipeline(DocumentEncoder encoder, ReadContext context, int workers, bool deduplicate)
{
    private const int BatchBytes = 256 << 10;
    private readonly HashSet<ulong> _seen = [];

    /// <summary>Reads, encodes and hands over all documents.</summary>
    /// <param name="documents">The source.</param>
    /// <param name="write">Called by this thread, in order.</param>
    /// <param name="batchDone">Called after each batch.</param>
    public void Run(IEnumerable<Document> documents, Action<EncodedDocument> write, Action batchDone)
    {
        var pending = new Queue<Task<List<EncodedDocument>>>();
        try
        {
            foreach (var batch in Batches(documents))
            {
                pending.Enqueue(Task.Run(() => Encode(batch), context.Cancellation));
                if (pending.Count > workers)
                    WriteNext();
            }
            while (pending.Count > 0)
                WriteNext();
        }
        finally
        {
            // After a failure nobody may still be inside the encoder when the caller disposes of it.
            Task.WhenAll(pending).ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        }

        void WriteNext()
        {
            context.Cancellation.ThrowIfCancellationRequested();
            foreach (var document in pending.Dequeue().GetAwaiter().GetResult())
            {
                if (encoder.DoublesBos(document.Ids.Span))
                    context.Skips.Add(SkipReason.DoubledBos);
                write(document);
            }
            batchDone();
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
            if (deduplicate && !_seen.Add(hash))
            {
                context.Skips.Add(SkipReason.DuplicateDocument);
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
            encoded.Add(new EncodedDocument(CollectionsMarshal.AsSpan(ids).ToArray(), bytes, hash));
        }
        return encoded;
    }
}
