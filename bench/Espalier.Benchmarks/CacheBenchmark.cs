using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Compression.Training;
using Espalier.Models.Checkpoints;

namespace Espalier.Benchmarks;

/// <summary>
/// Bytes a token and error of the gradient of each encoding of a cache: the distance to the gradient with the teacher at hand, of one batch
/// of 8 windows of 128 and a student pruned by importance, as a share of that gradient's length, over seeds; and of its mean over the
/// seeds, which an unbiased encoding brings down by the root of their number.
/// </summary>
internal static class CacheBenchmark
{
    private const int Sequence = 128, Windows = 8, Seeds = 8, CalibrationWindows = 64;

    private static readonly (CacheEncoding Encoding, int K, int Samples)[] s_cases =
    [
        (CacheEncoding.TopK, 128, 0), (CacheEncoding.TopK, 64, 0), (CacheEncoding.TopK, 19, 0), (CacheEncoding.Samples, 0, 58),
        (CacheEncoding.Samples, 0, 128),
        (CacheEncoding.TopKSamples, 4, 45), (CacheEncoding.TopKSamples, 10, 26), (CacheEncoding.TopKSamples, 15, 11),
        (CacheEncoding.Hidden, 0, 0),
    ];

    public static IEnumerable<Row> Run(CaseInput input)
    {
        TorchRuntime.Start(input.Threads);
        using var checkpoint = Checkpoint.Open(BundledTeacher.Folder);
        using var teacher = DecoderWeights.Load(checkpoint);
        var tokens = TokenIds.Parse(BundledTeacher.Ids, teacher.Config.VocabularySize);
        var windows = new WindowSet(tokens, Sequence);
        using var work = new TemporaryFolder();
        using var student = Pruned(checkpoint, teacher, windows, work.At("student"));
        student.RequiresGrad = true;
        long[] kept = [.. Enumerable.Range(0, Windows).Select(i => (long)i)];
        var batch = new PackedText(windows, SampleOrder.Sequential(windows.Count)).Batches(Windows, Windows).Single();
        var online = Gradient(student, new OnlineTeacher(teacher), batch);
        var length = Norm(online);
        double? most = null;
        var least = double.MaxValue;
        foreach (var (encoding, k, samples) in s_cases)
        {
            var (mean, error) = (new double[online.Length], 0.0);
            var seeds = samples > 0 ? Seeds : 1;
            CacheLayout? layout = null;
            for (var seed = 1; seed <= seeds; seed++)
            {
                var folder = Directory.CreateTempSubdirectory("espalier-cache-").FullName;
                try
                {
                    var key =
                        CacheKey.Of("", "", Sequence, false, teacher.Config.VocabularySize, teacher.Config.HiddenSize, 1, encoding, k,
                            samples, seed);
                    layout = new(key);
                    CacheWriter.Run(folder, key, teacher, windows, kept, NullProgress.Instance, default);
                    using var cache = TeacherCache.Open(folder);
                    using var guide = new CachedTeacher(cache);
                    var gradient = Gradient(student, guide, batch);
                    error += Norm([.. gradient.Zip(online, (a, b) => a - b)]) / length / seeds;
                    for (var i = 0; i < mean.Length; i++)
                        mean[i] += gradient[i] / seeds;
                }
                finally
                {
                    Directory.Delete(folder, recursive: true);
                }
            }
            var bytes = (double)layout!.WindowBytes / Sequence;
            // The first case is the one that the others are measured by.
            most ??= error;
            if (error <= most && encoding is not CacheEncoding.Hidden)
                least = Math.Min(least, bytes);
            yield return new()
            {
                Case = $"{encoding}, k {k}, {samples} draws",
                Threads = input.Threads,
                Quantity = "bytes a token",
                Value = Quantiles.Exactly(bytes),
                Note = FormattableString.Invariant(
                    $"error of one gradient {error:0.0000}, of the mean of {seeds} {Norm([.. mean.Zip(online, (a, b) => a - b)]) / length:0.0000}"),
            };
        }
        yield return new()
        {
            Case = "least of those no worse than top-128",
            Threads = input.Threads,
            Quantity = "bytes a token",
            Value = Quantiles.Exactly(least),
            AtMost = 120
        };
        (tokens as IDisposable)?.Dispose();
    }

    // What a cache is made for: a student that was cut out of its teacher and knows some of what it knew.
    private static Decoder Pruned(Checkpoint checkpoint, Decoder teacher, WindowSet windows, string folder)
    {
        var scores = ImportanceScorer.Run(teacher, windows, new ScoreOptions { Samples = CalibrationWindows }, NullProgress.Instance);
        var plan = PlanBuilder.ByImportance(checkpoint.Config, checkpoint.Config with { HiddenSize = 192, IntermediateSize = 512 }, scores);
        Pruner.Write(checkpoint, plan, folder, ElementType.F32, NullProgress.Instance);
        using var pruned = Checkpoint.Open(folder);
        return DecoderWeights.Load(pruned);
    }

    private static double[] Gradient(Decoder student, Teacher guide, Batch batch)
    {
        Gradients.Clear([.. student.Parameters.Select(p => p.Value)]);
        _ = new LogitObjective(new ForwardKl(), guide).Accumulate(student, batch, 1.0 / batch.Tokens);
        using var scope = TensorScope.Begin();
        return [.. student.Parameters.SelectMany(p => p.Value.Grad()!.Clone().View(-1).ToArray<float>()).Select(value => (double)value)];
    }

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(value => value * value));
}
