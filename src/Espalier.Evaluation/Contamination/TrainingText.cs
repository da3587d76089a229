using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;

namespace Espalier.Evaluation.Contamination;

/// <summary>A training text that documents were compared with.</summary>
/// <param name="Name">As the user named it.</param>
/// <param name="Skipped">What was not read of it; empty where all was.</param>
internal sealed record TrainingText(string Name, long Texts, long Words, string Skipped)
{
    /// <summary>
    /// Reads a training text once from its beginning to its end and looks up each row of words; a text a thread is in memory.
    /// </summary>
    /// <exception cref="EspalierException">A file cannot be read.</exception>
    public static TrainingText Read(DocumentSource source, SharedRows rows, IProgressReporter progress, CancellationToken stop)
    {
        var context = new ReadContext(cancellation: stop);
        var (texts, words) = (0L, 0L);
        using var task = progress.Begin("compare with the training text", source.TotalBytes, "bytes");
        try
        {
            Parallel.ForEach(
                Partitioner.Create(Numbered(), EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = stop },
                text => Interlocked.Add(ref words, rows.LookUp(text.Document.Text, text.Document.Origin, text.Number)));
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
        return new(source.Description, texts, words, context.Skips.LostText ? context.Skips.Describe() : "");

        // Read by one thread at a time.
        IEnumerable<(Document Document, long Number)> Numbered()
        {
            foreach (var document in source.Read(context))
            {
                task.Report(context.BytesRead);
                yield return (document, texts++);
            }
        }
    }
}
