using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

/// <summary>A cache of a small teacher's distributions, and what a student makes of it.</summary>
public abstract class TeacherCacheTest : TorchTest
{
    protected const int Sequence = 16, Vocabulary = 128;
    private readonly WindowSet _windows = new(
        TokenIds.FromList(Enumerable.Range(0, 900).Select(i => 7 * i * i % Vocabulary), "ids", Vocabulary), Sequence);
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> Encodings() => Enum.GetValues<CacheEncoding>().Select(encoding => new object[] { encoding });

    private protected string Path => System.IO.Path.Combine(_folder.Path, "cache");

    private protected static CacheKey Key(Decoder teacher, CacheEncoding encoding, int k = 8, int samples = 16, long seed = 1,
        double temperature = 1) =>
        CacheKey.Of("teacher", "data", Sequence, false, Vocabulary, teacher.Config.HiddenSize, temperature, encoding, k, samples, seed);

    private protected static Decoder Teacher() => GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);

    private protected static Decoder Student() => GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);

    private protected void Write(Decoder teacher, CacheKey key, params long[] kept) => Write(teacher, key, kept, CancellationToken.None);

    private protected void Write(Decoder teacher, CacheKey key, long[] kept, CancellationToken stop) =>
        CacheWriter.Run(Path, key, teacher, _windows, kept.Length > 0 ? kept
            : [.. Enumerable.Range(0, 6).Select(i => (long)i)], NullProgress.Instance, stop);

    private protected Batch BatchOf(params long[] windows)
    {
        var batch = new Batch(windows, new long[windows.Length * Sequence], new long[windows.Length * Sequence], windows.Length, Sequence);
        for (var i = 0; i < windows.Length; i++)
            _windows.Read(windows[i], batch.Inputs.AsSpan(i * Sequence, Sequence), batch.Targets.AsSpan(i * Sequence, Sequence));
        return batch;
    }

    /// <summary>Loss and gradient of all the student's parameters.</summary>
    private protected static (double Loss, double[] Gradient) Of(Decoder student, Teacher guide, Batch batch, LogitLoss? loss = null)
    {
        Gradients.Clear([.. student.Parameters.Select(p => p.Value)]);
        student.RequiresGrad = true;
        var sums = new LogitObjective(loss ?? new ForwardKl(), guide).Accumulate(student, batch, 1.0 / batch.Tokens);
        using var scope = TensorScope.Begin();
        return (sums.Sum / batch.Tokens, [.. student.Parameters.SelectMany(p => GoldenTensors.DoublesOf(p.Value.Grad()!))]);
    }

    private protected (double Loss, double[] Gradient) OfCache(Decoder student, Batch batch, LogitLoss? loss = null)
    {
        using var cache = TeacherCache.Open(Path);
        using var guide = new CachedTeacher(cache);
        return Of(student, guide, batch, loss);
    }

    // float32 products over batches of other sizes round differently.
    private protected static void AssertSame(double[] expected, double[] actual) =>
        GoldenTensors.AssertClose(expected, actual, 2e-5 * expected.Max(Math.Abs), 0, "gradient");

    private protected static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(v => v * v));

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}
