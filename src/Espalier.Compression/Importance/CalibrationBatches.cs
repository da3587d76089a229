using Espalier.Compression.Data;
using Espalier.Compression.Training;

namespace Espalier.Compression.Importance;

/// <summary>The first windows, in their order, some at a time.</summary>
internal static class CalibrationBatches
{
    public static IEnumerable<Batch> Of(WindowSet windows, ScoreOptions options)
    {
        var sequence = windows.SequenceLength;
        for (var done = 0; done < options.Samples; done += options.Batch)
        {
            var size = Math.Min(options.Batch, options.Samples - done);
            var (inputs, targets) = (new long[size * sequence], new long[size * sequence]);
            for (var i = 0; i < size; i++)
                windows.Read(done + i, inputs.AsSpan(i * sequence, sequence), targets.AsSpan(i * sequence, sequence));
            yield return new([.. Enumerable.Range(done, size).Select(window => (long)window)], inputs, targets, size, sequence);
        }
    }
}
