using Espalier.Compression.Data;
using Espalier.Compression.Training;

namespace Espalier.Compression.Importance;

/// <summary>The first windows, in their order, some at a time.</summary>
internal static class CalibrationBatches
{
    public static IEnumerable<Batch> Of(WindowSet windows, ScoreOptions options)
    {
        windows = windows.WithoutMask("importance");
        for (var done = 0; done < options.Samples; done += options.Batch)
        {
            var batch = Batch.For(windows, Math.Min(options.Batch, options.Samples - done));
            for (var i = 0; i < batch.Size; i++)
                batch.ReadRow(windows, done + i, i);
            yield return batch;
        }
    }
}
