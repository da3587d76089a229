using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Tests.Alignment;

public sealed class PairParserTests
{
    [Theory]
    [InlineData("""{"prompt":"Hi","chosen":"Hello","rejected":"No"}""")]
    [InlineData("""{"prompt":[{"role":"user","content":"Hi"}],"chosen":"Hello","rejected":"No"}""")]
    [InlineData("""{"prompt":[{"role":"user","content":"Hi"}],"chosen":[{"role":"assistant","content":"Hello"}],"rejected":[{"role":"assistant","content":"No"}]}""")]
    [InlineData("""{"chosen":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}],"rejected":[{"role":"user","content":"Hi"},{"role":"assistant","content":"No"}]}""")]
    [InlineData("""{"chosen":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Hello"}],"rejected":[{"from":"human","value":"Hi"},{"from":"gpt","value":"No"}]}""")]
    public void Pairs_are_read_in_each_shape_with_the_question_apart(string record)
    {
        var (pair, skips) = Read(record);

        Assert.Equal(("Hi", "Hello", 1), Of(pair!.Chosen));
        Assert.Equal(("Hi", "No", 1), Of(pair.Rejected));
        Assert.Equal((null, null), (pair.ChosenReward, pair.RejectedReward));
        Assert.Empty(skips.ToString());
    }

    [Theory]
    [InlineData("""{"prompt":"Hi","chosen":"Same","rejected":"Same"}""", nameof(SkipReason.EqualAnswers))]
    [InlineData("""{"chosen":[{"role":"user","content":"Hi"}],"rejected":[{"role":"user","content":"Hi"}]}""",
        nameof(SkipReason.EqualAnswers))]
    [InlineData("""{"prompt":"Hi","chosen":"","rejected":"No"}""", nameof(SkipReason.NoAnswer))]
    [InlineData("""{"chosen":"Hello","rejected":"No"}""", nameof(SkipReason.MalformedConversation))]
    [InlineData("""{"prompt":"Hi","chosen":7,"rejected":"No"}""", nameof(SkipReason.MalformedConversation))]
    public void What_is_no_pair_is_counted_once_with_its_reason(string record, string reason)
    {
        var (pair, skips) = Read(record);

        Assert.Null(pair);
        Assert.Equal(1, skips[Enum.Parse<SkipReason>(reason)]);
        Assert.Single(skips.ToDictionary());
    }

    [Theory]
    [InlineData("0.5", "-1e1")]
    [InlineData("\"0.5\"", "\"-10\"")]
    public void Rewards_are_numbers_or_texts_of_numbers(string chosen, string rejected)
    {
        var (pair, _) = Read($$"""{"prompt":"Hi","chosen":"a","rejected":"b","chosen_reward":{{chosen}},"rejected_reward":{{rejected}}}""");

        Assert.Equal((0.5, -10.0), (pair!.ChosenReward, pair.RejectedReward));
    }

    private static (string?, string?, int) Of(Conversation conversation) => ((string?)conversation.Messages[0].Fields["content"],
        (string?)conversation.Messages[1].Fields["content"], conversation.Asked);

    private static (PreferencePair? Pair, SkipCounts Skips) Read(string record)
    {
        var skips = new SkipCounts();
        return (new RecordParser(skips).Pair(new(record, "a.jsonl:1")), skips);
    }
}
