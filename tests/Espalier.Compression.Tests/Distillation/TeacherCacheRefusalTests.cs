using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Distillation.Losses.Rows;

namespace Espalier.Compression.Tests.Distillation;

/// <summary>What is no whole cache of the same teacher and data is refused.</summary>
public sealed class TeacherCacheRefusalTests : TeacherCacheTest
{
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
            (key with { Teacher = "another" }, "the teacher is teacher in the cache but another here"),
            (key with { Data = "x" }, "the data is data in the cache"),
            (key with { Sequence = 32 }, "the sequence is 16 in the cache but 32 here"),
            (key with { Temperature = 2 }, "the temperature is 1"),
            (key with { K = 9 }, "k is 8"), (key with { Samples = 9 }, "samples is 16"), (key with { Seed = 9 }, "the seed is 1"),
            (key with { Encoding = CacheEncoding.TopK }, "the encoding is top-k-samples"),
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
                Assert.Contains("not a complete cache", Assert.Throws<EspalierException>(() => TeacherCache.Open(Path)).Message);
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
        Assert.Contains("k is 128, but the vocabulary has 128",
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
}
