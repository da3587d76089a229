using Espalier.Compression.Synthesis;

namespace Espalier.Compression.Tests.Synthesis;

/// <summary>MinHash against the similarity itself, and what is found to repeat an earlier text.</summary>
public sealed class NearDuplicatesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(100)]
    [InlineData(150)]
    [InlineData(200)]
    public void Equal_values_of_signatures_are_as_frequent_as_the_sets_are_similar(int common)
    {
        var random = new Random(common);
        const int size = 200, pairs = 40;
        var equal = 0;
        for (var pair = 0; pair < pairs; pair++)
        {
            ulong[] all = [.. Enumerable.Range(0, 2 * size).Select(_ => (ulong)random.NextInt64())];
            var (a, b) = (MinHash.Of(all.AsSpan(0, size)), MinHash.Of(all.AsSpan(size - common, size)));
            equal += a.Zip(b).Count(values => values.First == values.Second);
        }
        var similarity = (double)common / (2 * size - common);
        // Five standard errors of a share of so many draws.
        var error = 5 * Math.Sqrt(similarity * (1 - similarity) / (pairs * MinHash.Values));
        Assert.InRange((double)equal / (pairs * MinHash.Values), similarity - error, similarity + error);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.8)]
    [InlineData(0.5)]
    [InlineData(0.2)]
    public void Bands_find_a_pair_at_the_threshold_and_the_next_width_would_not(double threshold)
    {
        double Found(int rows) => 1 - Math.Pow(1 - Math.Pow(threshold, rows), MinHash.Values / rows);
        var rows = MinHash.RowsOfBand(threshold);
        Assert.True(Found(rows) >= 0.99);
        Assert.True(rows == MinHash.Values / 2 || Found(rows + 1) < 0.99);
    }

    [Fact]
    public void The_similarity_is_that_of_rows_of_five_words()
    {
        // 12 words make 8 rows; with the last word changed 7 are common and 9 different.
        var (a, b) = (NearDuplicates.SetOf("a b c d e f g h i j k l"), NearDuplicates.SetOf("a b c d e f g h i j k z"));
        Assert.Equal(8, a.Length);
        Assert.Equal(7.0 / 9, NearDuplicates.Jaccard(a, b));
        Assert.Equal(1, NearDuplicates.Jaccard(a, NearDuplicates.SetOf("A, b: c - d;\ne f G h i \"j\" k (l)!")));
        Assert.Empty(NearDuplicates.SetOf("only four words here"));
        Assert.Equal(4, NearDuplicates.SetOf("一二三四五六七八").Length);
    }

    [Theory]
    [InlineData(0.7, false)]
    [InlineData(0.8, true)]
    public void A_text_repeats_another_from_the_threshold_on(double threshold, bool isNew)
    {
        var known = new NearDuplicates(threshold);
        Assert.True(known.Add("a b c d e f g h i j k l"));
        Assert.Equal(isNew, known.Add("a b c d e f g h i j k z"));
        Assert.False(known.Add("A b c d e f g h i j k l."));
        Assert.True(known.Add("yes"));
        Assert.True(known.Add("yes"));
    }

    [Fact]
    public void Of_many_texts_those_are_found_that_a_comparison_of_all_pairs_finds()
    {
        var random = new Random(5);
        string[] Words(int count) => [.. Enumerable.Range(0, count).Select(_ => $"w{random.Next(3000)}")];
        var texts = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            var words = Words(80);
            texts.Add(string.Join(' ', words));
            // A copy with some words changed: of the similarity 0.5 to 1.
            foreach (var _ in Enumerable.Range(0, random.Next(5)))
                words[random.Next(words.Length)] = "new";
            texts.Add(string.Join(' ', words));
        }
        var (known, kept, expected) = (new NearDuplicates(0.7), new List<ulong[]>(), new List<bool>());
        foreach (var text in texts)
        {
            var set = NearDuplicates.SetOf(text);
            expected.Add(kept.All(other => NearDuplicates.Jaccard(set, other) < 0.7));
            if (expected[^1])
                kept.Add(set);
        }
        Assert.Equal(expected, texts.Select(known.Add));
        Assert.InRange(expected.Count(isNew => !isNew), 20, 59);
    }
}
