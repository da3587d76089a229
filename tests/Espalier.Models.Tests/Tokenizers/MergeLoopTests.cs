using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Bpe;

namespace Espalier.Tests.Tokenizers;

public class MergeLoopTests
{
    [Fact]
    public void Lowest_rank_merges_first_and_of_equals_the_leftmost()
    {
        var table = new MergeTable(4);
        table.Set(1, 1, rank: 1, result: 2); // aa
        table.Set(1, 3, rank: 0, result: 4); // ab
        Assert.Equal([2, 4], Plain([1, 1, 1, 3], table)); // aaab -> aa + ab
        Assert.Equal([2, 2, 1], Long([1, 1, 1, 1, 1], new(table)));
        Assert.Equal([2, 4], Long([1, 1, 1, 3], new(table)));
    }

    [Fact]
    public void Long_words_merge_as_short_ones_do_by_any_table()
    {
        var random = new Random(7);
        for (var round = 0; round < 600; round++)
        {
            var (table, symbols) = (new MergeTable(200), 4);
            for (var rank = 0; rank < 60; rank++)
                table.Set(random.Next(symbols), random.Next(symbols), rank, random.Next(3) > 0 ? symbols++ : random.Next(4, symbols + 1));
            Check(table, [.. Enumerable.Range(0, random.Next(1, 120)).Select(_ => random.Next(4))]);
        }
    }

    [Fact]
    public void Long_words_merge_as_short_ones_do_by_a_table_in_the_order_of_training()
    {
        var random = new Random(11);
        for (var round = 0; round < 600; round++)
        {
            // Each merge is of symbols that are there already.
            var (letters, table) = (random.Next(1, 5), new MergeTable(100));
            for (var (rank, symbols) = (0, letters); rank < 40; rank++)
                if (random.Next(symbols) is var left && random.Next(symbols) is var right && table.Rank(left, right) == MergeTable.NoRank)
                    table.Set(left, right, rank, symbols++);
            Assert.DoesNotContain(false, table.Steady.Index().Where(rank => table.ResultOf(rank.Index) > 0).Select(rank => rank.Item));
            Check(table,
                [.. Enumerable.Range(0, random.Next(1, 200)).Select(i => round % 3 == 0 ? i / 7 % letters : random.Next(letters))]);
        }
    }

    [Fact]
    public void A_merge_that_makes_a_pair_of_lower_rank_is_not_steady()
    {
        var table = new MergeTable(3);
        table.Set(0, 1, rank: 1, result: 2);
        table.Set(2, 0, rank: 0, result: 3);
        table.Set(3, 3, rank: 2, result: 4);
        Assert.Equal([true, false, true], table.Steady);
        Assert.Equal([4, 1], Plain([0, 1, 0, 0, 1, 0, 1], table));
        Check(table, [0, 1, 0, 0, 1, 0, 1]);
    }

    [Theory]
    [InlineData("e")]
    [InlineData(" ")]
    [InlineData("7")]
    [InlineData("\u0301")]
    [InlineData("\U0001F600")]
    [InlineData("ab")]
    [InlineData("the quick brown fox jumps over it ")]
    public void The_work_for_a_long_word_grows_as_its_length_does(string unit)
    {
        var (table, ids) = (new MergeTable(512), new Dictionary<string, int>());
        int Id(string token) => ids.TryGetValue(token, out var id) ? id : ids[token] = ids.Count;
        var merges = 0;
        // Every prefix of a doubled unit, then its doublings: what training on such text learns.
        for (var length = 1; length < unit.Length; length++)
            if (table.Rank(Id(unit[..length]), Id(unit[length..(length + 1)])) == MergeTable.NoRank)
                table.Set(Id(unit[..length]), Id(unit[length..(length + 1)]), merges++, Id(unit[..(length + 1)]));
        for (var token = unit; token.Length < 64 * unit.Length; token += token)
            table.Set(Id(token), Id(token), merges++, Id(token + token));

        long Work(int length)
        {
            var words = new LongWords(table);
            Long([.. Enumerable.Range(0, length).Select(i => Id(unit[(i % unit.Length)..(i % unit.Length + 1)]))], words);
            return words.Operations;
        }

        Assert.InRange(Work(200_000), 200_000, 20 * 200_000);
        Assert.InRange((double)Work(200_000) / Work(100_000), 1.9, 2.1);
    }

    [Fact]
    public void A_million_times_one_letter_is_one_word_and_no_trouble()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        var text = new string('e', 1_000_000);
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: false)));

        var llama2 = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama2-byte-fallback"));
        Assert.Equal(text, llama2.Decode(llama2.Encode(text), skipSpecialTokens: true));
    }

    [Fact]
    public void The_work_grows_as_the_length_does_also_where_no_merge_is_steady()
    {
        // aa of rank 2 makes pairs (aa, a) of rank 1 and (aa, aa) of rank 0.
        var table = new MergeTable(3);
        table.Set(0, 0, rank: 2, result: 1);
        table.Set(1, 0, rank: 1, result: 2);
        table.Set(1, 1, rank: 0, result: 3);
        var words = new LongWords(table);
        Check(table, new int[1000]);
        Long(new int[100_000], words);
        var half = words.Operations;
        Long(new int[200_000], words);
        Assert.InRange(words.Operations - half, 200_000, 20 * 200_000);
        Assert.InRange((double)(words.Operations - half) / half, 1.9, 2.1);
    }

    private static void Check(MergeTable table, int[] word)
    {
        var words = new LongWords(table);
        var expected = Plain(word, table);
        Assert.Equal(expected, Long(word, words));
        Assert.Equal(expected, Long(word, words)); // and leaves nothing behind
    }

    private static int[] Plain(int[] word, MergeTable table)
    {
        int[] symbols = [.. word];
        return symbols[..MergeLoop.Plain(symbols, table)];
    }

    private static int[] Long(int[] word, LongWords words)
    {
        int[] symbols = [.. word];
        return symbols[..words.Merge(symbols)];
    }
}
