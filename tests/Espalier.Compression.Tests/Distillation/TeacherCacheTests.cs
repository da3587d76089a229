using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Distillation.Losses.Rows;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

public sealed class TeacherCacheTests : TeacherCacheTest
{
    [Fact]
    public void A_shard_that_is_shortened_while_it_is_open_is_an_error_and_not_the_end_of_the_process()
    {
        using var teacher = Teacher();
        Write(teacher, Key(teacher, CacheEncoding.Hidden));
        using var cache = TeacherCache.Open(Path);
        var shard = System.IO.Path.Combine(Path, CacheShard.NameOf(0));
        using (var file = new FileStream(shard, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(CacheShard.HeaderBytes);
        var error = Assert.Throws<EspalierException>(() => cache.Read(5, new byte[cache.Layout.WindowBytes]));
        Assert.Contains($"{CacheShard.NameOf(0)} became shorter while it was in use", error.Message, StringComparison.Ordinal);
    }

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
}
