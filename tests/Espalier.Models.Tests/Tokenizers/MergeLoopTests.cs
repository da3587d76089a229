using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Tokenizers;

public class MergeLoopTests
{
    [Fact]
    public void Lowest_rank_merges_first_and_of_equals_the_leftmost()
    {
        var table = new MergeTable(4);
        table.Set(1, 1, rank: 1, result: 2); // aa
        table.Set(1, 3, rank: 0, result: 4); // ab
        Assert.Equal([2, 4], Merged([1, 1, 1, 3], table, heap: false)); // aaab -> aa + ab
        Assert.Equal([2, 2, 1], Merged([1, 1, 1, 1, 1], table, heap: true));
    }

    [Fact]
    public void Loop_and_heap_give_the_same_symbols()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var (table, symbols) = (new MergeTable(200), 4);
            for (var rank = 0; rank < 60; rank++)
                table.Set(random.Next(symbols), random.Next(symbols), rank, symbols++);
            int[] word = [.. Enumerable.Range(0, random.Next(1, 120)).Select(_ => random.Next(4))];
            Assert.Equal(Merged(word, table, heap: false), Merged(word, table, heap: true));
        }
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

    private static int[] Merged(int[] word, MergeTable table, bool heap)
    {
        int[] symbols = [.. word];
        return symbols[..(heap ? MergeLoop.Heap(symbols, table) : MergeLoop.Plain(symbols, table))];
    }
}
