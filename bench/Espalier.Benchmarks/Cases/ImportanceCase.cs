using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Values;

namespace Espalier.Benchmarks;

/// <summary>
/// P6: a scoring pass with one aggregator and one with all nine against a plain forward pass over the same windows; all end at the last
/// norm.
/// </summary>
internal static class ImportanceCase
{
    private const int Batch = 8, Windows = 16, Sequence = 256;

    public static IEnumerable<Row> Run(CaseInput input)
    {
        TorchRuntime.Start(input.Threads);
        using var model = BundledTeacher.Load();
        var set = BundledTeacher.Windows(Sequence);
        var options = new ScoreOptions { Samples = Windows, Batch = Batch };
        ImportanceScores? single = null, ofNine = null;
        Cost Plain() => Cost.Of(() => Forward(model, set));
        yield return Pairs.Measure(input.Pairs, 2,
            () => Cost.Of(() => single = ImportanceScorer.Run(model, set, options, NullProgress.Instance)), Plain)
            .OwnOverOther(input, "all axes, one aggregator / plain forward", 1.05);
        var chosen = Aggregator.All.ToList().IndexOf(Aggregator.Default);
        var nine =
            Pairs.Measure(input.Pairs, 2,
                () => Cost.Of(() => ofNine = ImportanceScorer.Run(model, set, options, Aggregator.All, NullProgress.Instance)[chosen]),
                Plain);
        if (!single!.Units[Axis.Hidden]![0].SequenceEqual(ofNine!.Units[Axis.Hidden]![0]))
            throw new InvalidOperationException("the scores of one aggregator and of nine differ");
        yield return nine.OwnOverOther(input, "all axes, nine aggregators / plain forward", null);
    }

    private static void Forward(Decoder model, WindowSet windows)
    {
        using var noGradient = GradMode.Disable();
        for (var done = 0; done < Windows; done += Batch)
        {
            using var scope = TensorScope.Begin();
            var (inputs, targets) = (new long[Batch * Sequence], new long[Batch * Sequence]);
            for (var i = 0; i < Batch; i++)
                windows.Read(done + i, inputs.AsSpan(i * Sequence, Sequence), targets.AsSpan(i * Sequence, Sequence));
            model.Forward(Tensor.From<long>(inputs, Batch, Sequence));
        }
    }
}
