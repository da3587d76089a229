using Espalier.Compression.Alignment;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Alignment;

public sealed class ReplayedTextTests
{
    private const int Sequence = 4;

    [Theory]
    [InlineData(8, 1)]
    [InlineData(8, 3)]
    [InlineData(8, 7)]
    [InlineData(5, 2)]
    [InlineData(2, 1)]
    public void Every_step_has_so_many_windows_of_text_and_both_kinds_keep_their_order(int batch, int texts)
    {
        var (conversations, text) = (Conversations(), Text(null));
        var (order, textOrder) = (SampleOrder.Shuffled(conversations.Count, 5), SampleOrder.Shuffled(text.Count, 6));
        var source = new ReplayedText(conversations, order, text, textOrder, batch, texts);
        List<long> answers = [], replayed = [];
        for (var step = 0; step < 12; step++)
        {
            long[] rows = [.. Enumerable.Range(0, batch).Select(row => source.WindowAt(step * batch + row))];
            Assert.Equal(texts, rows.Count(window => window >= conversations.Count));
            answers.AddRange(rows.Where(window => window < conversations.Count));
            replayed.AddRange(rows.Where(window => window >= conversations.Count).Select(window => window - conversations.Count));
        }
        Assert.Equal(Enumerable.Range(0, answers.Count).Select(i => order.WindowAt(i)), answers);
        Assert.Equal(Enumerable.Range(0, replayed.Count).Select(i => textOrder.WindowAt(i)), replayed);
    }

    [Fact]
    public void Text_is_spread_over_a_step()
    {
        var conversations = Conversations();
        var source = new ReplayedText(
            conversations, SampleOrder.Sequential(conversations.Count), Text(null), SampleOrder.Sequential(9), batch: 8, texts: 2);
        Assert.Equal([3, 7, 11, 15],
            Enumerable.Range(0, 16).Where(position => source.WindowAt(position) >= conversations.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rows_are_those_of_each_kind_and_all_of_a_text_counts(bool separate)
    {
        var (conversations, text) = (Conversations(), Text(separate ? new StoredBoundaries([0, 7, 12, 31]) : null));
        var (order, textOrder) = (SampleOrder.Sequential(conversations.Count), SampleOrder.Sequential(text.Count));
        var source = new ReplayedText(conversations, order, text, textOrder, batch: 4, texts: 1);
        var mixed = source.Allocate(8);
        source.Fill(mixed, 0);
        var (answers, texts) = (new PackedText(conversations, order), new PackedText(text, textOrder));
        var (ofAnswers, ofText) = (answers.Allocate(6), texts.Allocate(2));
        answers.Fill(ofAnswers, 0);
        texts.Fill(ofText, 0);
        int[] isText = [3, 7], isAnswer = [0, 1, 2, 4, 5, 6];
        foreach (var (from, rows) in new[] { (ofAnswers, isAnswer), (ofText, isText) })
            foreach (var (i, row) in rows.Index())
            {
                Assert.Equal(Row(from.Inputs, i), Row(mixed.Inputs, row));
                Assert.Equal(Row(from.Targets, i), Row(mixed.Targets, row));
                Assert.Equal(from.LossMask is { } mask ? Row(mask, i) : [true, true, true, true], Row(mixed.LossMask!, row));
                Assert.Equal(from.Places is { } places ? Row(places, i) : [0, 1, 2, 3], Row(mixed.Places!, row));
            }
        Assert.Contains(false, mixed.LossMask!);
        Assert.Equal(mixed.CountedTokens, source.CountedTokens(0, 8));
    }

    [Fact]
    public void What_stands_at_a_position_depends_on_the_position_alone()
    {
        var (conversations, text) = (Conversations(), Text(null));
        ReplayedText Source() => new(
            conversations, SampleOrder.Shuffled(conversations.Count, 1), text, SampleOrder.Shuffled(text.Count, 2), batch: 6, texts: 2);
        var whole = Source().Allocate(18);
        Source().Fill(whole, 0);
        for (var first = 0; first < 18; first += 3)
        {
            var part = Source().Allocate(3);
            Source().Fill(part, first);
            Assert.Equal(whole.Inputs[(first * Sequence)..((first + 3) * Sequence)], part.Inputs);
            Assert.Equal(whole.LossMask![(first * Sequence)..((first + 3) * Sequence)], part.LossMask);
            Assert.Equal(whole.Windows[first..(first + 3)], part.Windows);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void A_step_has_both_kinds(int texts)
    {
        var conversations = Conversations();
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReplayedText(
            conversations, SampleOrder.Sequential(1), Text(null), SampleOrder.Sequential(1), batch: 4, texts));
    }

    private static T[] Row<T>(T[] values, int row) => values[(row * Sequence)..((row + 1) * Sequence)];

    /// <summary>Eleven windows, of which every third token counts and every second window begins a conversation in its midst.</summary>
    private static WindowSet Conversations() => new(
        TokenIds.FromList(Enumerable.Range(100, 55), "chats", 1000), Sequence, WindowStride.Disjoint,
        new StoredBoundaries([.. Enumerable.Range(0, 6).SelectMany(i => (long[])[10 * i, 10 * i + 2])]),
        new(Enumerable.Range(0, 55).Select(i => i % 3 == 0).ToArray()));

    private static WindowSet Text(DocumentBoundaries? boundaries) =>
        new(TokenIds.FromList(Enumerable.Range(500, 47), "text", 1000), Sequence, WindowStride.Disjoint, boundaries);
}
