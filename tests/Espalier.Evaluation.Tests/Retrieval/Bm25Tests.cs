using Espalier.Evaluation.Retrieval;

namespace Espalier.Evaluation.Tests.Retrieval;

/// <summary>Passages are found as BM25's formula has it.</summary>
public sealed class Bm25Tests
{
    private static readonly Passage[] s_three = [Passage("the cat sat"), Passage("the dog sat on the dog"), Passage("a bird")];

    [Fact]
    public void Scores_are_those_of_the_formula()
    {
        var hits = new Bm25(s_three).Find("Dog!", 5);
        // One of three passages has it, twice in six words; a passage has 11 / 3 words on average.
        var idf = Math.Log(1 + (3 - 1 + 0.5) / (1 + 0.5));
        var expected = idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 6 / (11.0 / 3)));
        var hit = Assert.Single(hits);
        Assert.Equal((1, expected), (hit.Place, hit.Score), (a, b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-12);
    }

    [Fact]
    public void A_word_that_stands_twice_in_the_question_counts_twice_and_a_common_one_never_takes_away()
    {
        var index = new Bm25(s_three);
        Assert.Equal(2 * index.Find("cat", 1)[0].Score, index.Find("cat cat", 1)[0].Score, 12);
        // Two of three have it: Robertson's own idf would be negative.
        Assert.All(index.Find("the", 3), hit => Assert.True(hit.Score > 0));
        Assert.Equal(2, index.Find("the", 3).Count);
        Assert.Empty(index.Find("whale", 3));
        Assert.Empty(index.Find("", 3));
    }

    [Fact]
    public void Of_equal_passages_the_earlier_comes_first()
    {
        var index = new Bm25([Passage("x y"), Passage("z"), Passage("x y"), Passage("y x")]);
        Assert.Equal([0, 2, 3], index.Find("x", 9).Select(hit => hit.Place));
        Assert.Equal([0, 2], index.Find("x", 2).Select(hit => hit.Place));
    }

    [Fact]
    public void Length_and_repetition_count_as_the_options_say()
    {
        Passage[] passages = [Passage("x"), Passage("x x and much else beside it")];
        Assert.Equal(0, new Bm25(passages).Find("x", 1)[0].Place);
        Assert.Equal(1, new Bm25(passages, new(B: 0)).Find("x", 1)[0].Place);
        var hits = new Bm25(passages, new(K1: 0)).Find("x", 2);
        Assert.Equal(hits[0].Score, hits[1].Score);
    }

    [Fact]
    public void The_title_is_searched_and_words_have_no_signs()
    {
        var index = new Bm25([new("a", "Whales", "They swim."), Passage("Naïve COEXISTENCE, e.g. of 42 भाषाएँ")]);
        Assert.Equal(0, index.Find("whales", 1)[0].Place);
        Assert.All((string[])["naïve", "coexistence", "42", "भाषाएँ", "G"], word => Assert.Equal(1, index.Find(word, 1)[0].Place));
        Assert.Equal(["e", "g", "x_1".Split('_')[0], "1"], SearchWords.Of("e.g. x_1"));
    }

    [Fact]
    public void Agrees_with_every_passage_scored_by_itself()
    {
        var random = new Random(5);
        string Text(int most) => string.Join(' ', Enumerable.Range(0, random.Next(1, most)).Select(_ => (char)('a' + random.Next(6))));
        Passage[] passages = [.. Enumerable.Range(0, 40).Select(_ => Passage(Text(30)))];
        var index = new Bm25(passages, new(1.5, 0.4));
        string[][] words = [.. passages.Select(passage => passage.Text.Split(' '))];
        var mean = words.Average(of => of.Length);
        for (var trial = 0; trial < 50; trial++)
        {
            var query = Text(5);
            var scores = words.Select((of, place) => (place, score: query.Split(' ').Sum(word =>
            {
                var (count, having) = (of.Count(word.Equals), words.Count(other => other.Contains(word)));
                return having == 0 ? 0 : Math.Log(1 + (40 - having + 0.5) / (having + 0.5)) * count * 2.5
                    / (count + 1.5 * (0.6 + 0.4 * of.Length / mean));
            }))).Where(of => of.score > 0).OrderByDescending(of => Math.Round(of.score, 9)).ThenBy(of => of.place).Take(7);
            Assert.Equal(scores.Select(of => of.place), index.Find(query, 7).Select(hit => hit.Place));
        }
    }

    private static Passage Passage(string text) => new("", "", text);
}
