using Espalier.Compression.Data;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Training;
using Espalier.Files;
using Espalier.Models;
using Espalier.Tests;
using Espalier.Torch;

namespace Espalier.Compression.Tests.Distillation;

public sealed class TeacherCacheTests : TorchTest
{
    private const int Sequence = 16, Vocabulary = 128;
    private readonly WindowSet _windows = new(
        TokenIds.FromList(Enumerable.Range(0, 900).Select(i => 7 * i * i % Vocabulary), "ids", Vocabulary), Sequence);
    private readonly TemporaryFolder _folder = new();

    public static IEnumerable<object[]> Encodings() => Enum.GetValues<CacheEncoding>().Select(encoding => new object[] { encoding });

    private string Path => System.IO.Path.Combine(_folder.Path, "cache");

    private static CacheKey Key(Decoder teacher, CacheEncoding encoding, int k = 8, int samples = 16, long seed = 1,
        double temperature = 1) =>
        CacheKey.Of("teacher", "data", Sequence, false, Vocabulary, teacher.Config.HiddenSize, temperature, encoding, k, samples, seed);

    private static Decoder Teacher() => GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);

    private static Decoder Student() => GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);

    private void Write(Decoder teacher, CacheKey key, params long[] kept) => Write(teacher, key, kept, CancellationToken.None);

    private void Write(Decoder teacher, CacheKey key, long[] kept, CancellationToken stop) =>
        CacheWriter.Run(Path, key, teacher, _windows, kept.Length > 0 ? kept
            : [.. Enumerable.Range(0, 6).Select(i => (long)i)], NullProgress.Instance, stop);

    private Batch BatchOf(params long[] windows)
    {
        var batch = new Batch(windows, new long[windows.Length * Sequence], new long[windows.Length * Sequence], windows.Length, Sequence);
        for (var i = 0; i < windows.Length; i++)
            _windows.Read(windows[i], batch.Inputs.AsSpan(i * Sequence, Sequence), batch.Targets.AsSpan(i * Sequence, Sequence));
        return batch;
    }

    /// <summary>Loss and gradient of all the student's parameters.</summary>
    private static (double Loss, double[] Gradient) Of(Decoder student, Teacher guide, Batch batch, LogitLoss? loss = null)
    {
        Gradients.Clear([.. student.Parameters.Select(p => p.Value)]);
        student.RequiresGrad = true;
        var sums = new LogitObjective(loss ?? new ForwardKl(), guide).Accumulate(student, batch, 1.0 / batch.Tokens);
        using var scope = TensorScope.Begin();
        return (sums.Sum / batch.Tokens, [.. student.Parameters.SelectMany(p => GoldenTensors.DoublesOf(p.Value.Grad()!))]);
    }

    private (double Loss, double[] Gradient) OfCache(Decoder student, Batch batch, LogitLoss? loss = null)
    {
        using var cache = TeacherCache.Open(Path);
        using var guide = new CachedTeacher(cache);
        return Of(student, guide, batch, loss);
    }

    // float32 products over batches of other sizes round differently.
    private static void AssertSame(double[] expected, double[] actual) =>
        GoldenTensors.AssertClose(expected, actual, 2e-5 * expected.Max(Math.Abs), 0, "gradient");

    private static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(v => v * v));

    [Fact]
    public void Hidden_states_give_the_online_gradient()
    {
        using var teacher = Teacher();
        using var student = Student();
        Write(teacher, Key(teacher, CacheEncoding.Hidden));
        var batch = BatchOf(4, 1);
        var (online, cached) = (Of(student, new OnlineTeacher(teacher), batch), OfCache(student, batch));
        Assert.Equal(online.Loss, cached.Loss, 1e-6);
        AssertSame(online.Gradient, cached.Gradient);
    }

    /// <summary>Granite divides its logits, Gemma-2 caps them: the head beside the states does what the teacher's does.</summary>
    [Theory]
    [InlineData("granite")]
    [InlineData("gemma2")]
    public void Hidden_states_give_the_online_gradient_where_logits_are_scaled_or_capped(string family)
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float32);
        using var student = Student();
        Assert.True(teacher.Head.Divisor != 1 || teacher.Head.Cap is not null);
        Write(teacher, Key(teacher, CacheEncoding.Hidden));
        var batch = BatchOf(4, 1);
        foreach (var loss in new LogitLoss[] { new ForwardKl(), new ReverseKl(), new ForwardKl(2) })
        {
            var (online, cached) = (Of(student, new OnlineTeacher(teacher), batch, loss), OfCache(student, batch, loss));
            Assert.Equal(online.Loss, cached.Loss, 1e-6);
            AssertSame(online.Gradient, cached.Gradient);
        }
    }

    /// <summary>A program that does not know the cap refuses the cache by its version; caches without one are as they were.</summary>
    [Theory]
    [InlineData("granite", CacheEncoding.Hidden, 1)]
    [InlineData("gemma2", CacheEncoding.Hidden, 2)]
    [InlineData("gemma2", CacheEncoding.TopK, 1)]
    internal void A_cache_with_a_cap_has_a_version_of_its_own(string family, CacheEncoding encoding, int version)
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float32);
        Write(teacher, Key(teacher, encoding), 0);
        var manifest = JsonFile.Read(System.IO.Path.Combine(Path, CacheManifest.FileName));
        Assert.Equal(version, manifest.ToJsonString().Contains("\"format_version\":2", StringComparison.Ordinal) ? 2 : 1);
        Assert.Equal(version == 2, manifest.ToJsonString().Contains("logit_cap", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2.5)]
    public void The_likeliest_entries_and_their_tail_give_what_the_loss_with_the_teacher_at_hand_gives(double temperature)
    {
        using var teacher = Teacher();
        using var student = Student();
        Write(teacher, Key(teacher, CacheEncoding.TopK, temperature: temperature));
        var batch = BatchOf(0, 3, 5);
        var (online, cached) =
            (Of(student, new OnlineTeacher(teacher), batch, new TopKTail(8, temperature)),
                OfCache(student, batch, new ForwardKl(temperature)));
        Assert.Equal(online.Loss, cached.Loss, 1e-6);
        AssertSame(online.Gradient, cached.Gradient);
    }

    /// <summary>
    /// Averaged over seeds the gradient goes to the online one as 1/√seeds: what stays is within what that many draws leave. One entry
    /// drawn twice as often would be far outside.
    /// </summary>
    [Theory]
    [InlineData(CacheEncoding.Samples)]
    [InlineData(CacheEncoding.TopKSamples)]
    internal void Drawn_entries_give_an_unbiased_gradient_and_loss(CacheEncoding encoding)
    {
        using var teacher = Teacher();
        using var student = Student();
        var batch = BatchOf(2);
        var online = Of(student, new OnlineTeacher(teacher), batch);
        const int seeds = 100;
        var mean = new double[online.Gradient.Length];
        var (loss, single) = (0.0, 0.0);
        for (var seed = 1; seed <= seeds; seed++)
        {
            Write(teacher, Key(teacher, encoding, k: 4, samples: 4, seed: seed), 2);
            var drawn = OfCache(student, batch);
            loss += drawn.Loss / seeds;
            for (var i = 0; i < mean.Length; i++)
                mean[i] += drawn.Gradient[i] / seeds;
            single += Norm(drawn.Gradient.Zip(online.Gradient, (a, b) => a - b)) / seeds;
        }
        var left = Norm(mean.Zip(online.Gradient, (a, b) => a - b));
        Assert.True(left < 1.5 * single / Math.Sqrt(seeds), $"{left} is left of an error of {single} in one draw");
        Assert.Equal(online.Loss, loss, 0.05 * online.Loss);
    }

    [Fact]
    public void Exact_likeliest_entries_make_draws_less_noisy_at_the_same_number_of_entries()
    {
        using var teacher = Teacher();
        using var student = Student();
        var batch = BatchOf(2);
        var online = Of(student, new OnlineTeacher(teacher), batch);
        double Error(CacheEncoding encoding, int k, int samples)
        {
            var sum = 0.0;
            for (var seed = 1; seed <= 20; seed++)
            {
                Write(teacher, Key(teacher, encoding, k, samples, seed), 2);
                sum += Norm(OfCache(student, batch).Gradient.Zip(online.Gradient, (a, b) => a - b));
            }
            return sum / 20;
        }
        Assert.True(Error(CacheEncoding.TopKSamples, 16, 16) < 0.8 * Error(CacheEncoding.Samples, 0, 32));
    }

    [Fact]
    public void The_comb_of_draws_expects_each_entry_as_often_as_its_probability_says()
    {
        float[] weights = [0.1f, 0, 0.45f, 0.05f, 0.4f];
        var counts = new int[weights.Length];
        Span<int> ids = stackalloc int[7];
        for (var i = 0; i < 10_000; i++)
        {
            Draws.Fill(weights, Draws.Uniform(3, 5, i), ids);
            foreach (var id in ids)
                counts[id]++;
        }
        Assert.Equal(0, counts[1]);
        for (var id = 0; id < weights.Length; id++)
            Assert.Equal(weights[id], counts[id] / 70_000.0, 0.003);
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    internal void A_capture_that_was_stopped_goes_on_and_ends_with_the_same_bytes(CacheEncoding encoding)
    {
        using var teacher = Teacher();
        long[] kept = [.. Enumerable.Range(0, 40).Select(i => (long)i)];
        Write(teacher, Key(teacher, encoding), kept);
        var whole = ContentHash.OfFolder(Path);
        Directory.Delete(Path, recursive: true);

        var acts = 0;
        for (; ; acts++)
        {
            try
            {
                new FaultyLayer(acts, Fault.Kill).During(() => Write(teacher, Key(teacher, encoding), kept, CancellationToken.None));
                break;
            }
            catch (DiedException)
            {
                if (!File.Exists(System.IO.Path.Combine(Path, "cache.json")))
                    Assert.ThrowsAny<EspalierException>(() => TeacherCache.Open(Path));
            }
        }
        Assert.InRange(acts, 10, 200);
        Assert.Equal(whole, ContentHash.OfFolder(Path));
        File.Delete(System.IO.Path.Combine(Path, "shard-00000.bin"));
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => Write(teacher, Key(teacher, encoding), kept, stop.Token));
        Write(teacher, Key(teacher, encoding), kept);
        Assert.Equal(whole, ContentHash.OfFolder(Path));
    }

    [Fact]
    public void A_cache_of_anything_else_is_refused_and_the_difference_named()
    {
        using var teacher = Teacher();
        var key = Key(teacher, CacheEncoding.TopKSamples);
        Write(teacher, key);
        using var cache = TeacherCache.Open(Path);
        cache.Require(key);
        cache.Require(key with { Teacher = "" });
        foreach (var (other, what) in new[]
        {
            (key with { Teacher = "another" }, "the teacher is teacher in the cache and another here"),
            (key with { Data = "x" }, "the data is data in the cache"),
            (key with { Sequence = 32 }, "the sequence is 16 in the cache and 32 here"),
            (key with { Temperature = 2 }, "the temperature is 1"),
            (key with { K = 9 }, "k is 8"), (key with { Samples = 9 }, "samples is 16"), (key with { Seed = 9 }, "the seed is 1"),
            (key with { Encoding = CacheEncoding.TopK }, "the encoding is TopKSamples"),
            (key with { Vocabulary = 9 }, "the vocabulary is 128"),
            (key with { Documents = "separate" }, "the context of documents is cross"),
        })
            Assert.Contains(what, Assert.Throws<EspalierException>(() => cache.Require(other)).Message);
        Assert.Contains("does not hold window 9",
            Assert.Throws<EspalierException>(() => cache.Read(9, new byte[cache.Layout.WindowBytes])).Message);
    }

    [Fact]
    public void The_same_tokens_from_another_tokenizer_file_are_the_same_data()
    {
        using var teacher = Teacher();
        var key = Key(teacher, CacheEncoding.TopK) with { Tokens = "tokens" };
        Write(teacher, key);
        using var cache = TeacherCache.Open(Path);
        cache.Require(key with { Data = "of another tokenizer" });
        foreach (var tokens in new[] { "other tokens", null })
            Assert.Contains("the data is data in the cache",
                Assert.Throws<EspalierException>(() => cache.Require(key with { Data = "x", Tokens = tokens })).Message);
        // Caches of version 0.1 know of no tokens: theirs are refused as before.
        Assert.NotNull((key with { Tokens = null }).DifferenceFrom(key with { Data = "x" }));
        Assert.Null((key with { Tokens = null }).DifferenceFrom(key));
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    internal void Any_flipped_bit_is_found_before_training(CacheEncoding encoding)
    {
        using var teacher = Teacher();
        Write(teacher, Key(teacher, encoding));
        var random = new Random(5);
        foreach (var file in Directory.GetFiles(Path))
        {
            var bytes = File.ReadAllBytes(file);
            for (var trial = 0; trial < 20; trial++)
            {
                var flipped = (byte[])bytes.Clone();
                flipped[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(file, flipped);
                Assert.Contains("no whole cache", Assert.Throws<EspalierException>(() => TeacherCache.Open(Path)).Message);
            }
            File.WriteAllBytes(file, bytes[..^1]);
            Assert.Throws<EspalierException>(() => TeacherCache.Open(Path));
            File.Delete(file);
            Assert.Throws<EspalierException>(() => TeacherCache.Open(Path));
            File.WriteAllBytes(file, bytes);
        }
        TeacherCache.Open(Path).Dispose();
    }

    [Fact]
    public void Losses_that_need_whole_distributions_refuse_a_few_entries()
    {
        using var teacher = Teacher();
        using var student = Student();
        Write(teacher, Key(teacher, CacheEncoding.TopK));
        Assert.Contains("needs the teacher's whole distribution",
            Assert.Throws<EspalierException>(() => OfCache(student, BatchOf(1), new ReverseKl())).Message);
    }

    [Fact]
    public void Settings_that_mean_nothing_are_refused()
    {
        using var teacher = Teacher();
        Assert.Contains("k is 0", Assert.Throws<EspalierException>(() => Key(teacher, CacheEncoding.TopK, k: 0)).Message);
        Assert.Contains("k is 128 and the vocabulary has 128",
            Assert.Throws<EspalierException>(() => Key(teacher, CacheEncoding.TopK, k: 128)).Message);
        Assert.Contains("samples is 0", Assert.Throws<EspalierException>(() => Key(teacher, CacheEncoding.Samples, samples: 0)).Message);
    }

    [Fact]
    public void A_teacher_that_is_not_finite_is_named_and_nothing_counts_as_a_cache()
    {
        using var teacher = Teacher();
        teacher.Head.Weight.FillInPlace(double.NaN);
        Assert.Contains("window 0 is not finite",
            Assert.Throws<EspalierException>(() => Write(teacher, Key(teacher, CacheEncoding.TopK))).Message);
        Assert.False(File.Exists(System.IO.Path.Combine(Path, "cache.json")));
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
