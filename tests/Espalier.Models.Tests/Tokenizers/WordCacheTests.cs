using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Bpe;

namespace Espalier.Tests.Tokenizers;

public class WordCacheTests
{
    [Fact]
    public void A_word_is_found_with_its_ids_until_another_takes_its_slot()
    {
        var cache = new WordCache(slots: 2, characters: 8, ids: 2);
        var ids = new IdBuffer();
        Assert.False(Append(cache, "word", ids));
        Assert.True(Set(cache, "word", 7, 9));
        Assert.True(Append(cache, "word", ids));
        Assert.False(Append(cache, "wore", ids));
        Assert.Equal([7, 9], ids.Written);
        foreach (var other in new[] { "a", "b", "c", "d", "e", "f", "g", "h" })
            Assert.True(Set(cache, other, other[0]));
        Assert.False(Append(cache, "word", ids));
    }

    [Fact]
    public void What_is_too_long_for_the_cache_is_refused()
    {
        var cache = new WordCache(slots: 2, characters: 8, ids: 2);
        Assert.False(Set(cache, "123456789", 1));
        Assert.False(Set(cache, "123", 1, 2, 3));
        Assert.True(Set(cache, "12345678"));
        var ids = new IdBuffer();
        Assert.True(Append(cache, "12345678", ids)); // of no id
        Assert.Equal(0, ids.Count);
        Assert.False(Append(cache, "123", ids));
    }

    [Fact]
    public void Threads_that_write_and_read_the_same_slots_never_see_the_ids_of_another_word()
    {
        var cache = new WordCache(slots: 4, characters: 8, ids: 4);
        string[] words = [.. Enumerable.Range(0, 64).Select(i => $"w{i}")];
        var found = 0;
        Parallel.For(0, 4, thread =>
        {
            var (ids, random) = (new IdBuffer(), new Random(thread));
            for (var round = 0; round < 100_000; round++)
            {
                var i = random.Next(words.Length);
                ids.Clear();
                if (Append(cache, words[i], ids))
                {
                    Assert.Equal(Enumerable.Repeat(i, i % 4 + 1), ids.Written.ToArray());
                    Interlocked.Increment(ref found);
                }
                else
                {
                    Set(cache, words[i], [.. Enumerable.Repeat(i, i % 4 + 1)]);
                }
            }
        });
        Assert.NotEqual(0, found);
    }

    private static bool Append(WordCache cache, string word, IdBuffer ids) => cache.TryAppend(word, WordCache.Hash(word), ids);

    private static bool Set(WordCache cache, string word, params int[] ids) => cache.Set(word, WordCache.Hash(word), ids);
}
