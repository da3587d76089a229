using System.Text;
using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Tests.Alignment;

public sealed class RecordParserTests
{
    [Theory]
    [InlineData("""{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}""",
        "system: Be brief. | user: Hi | assistant: Hello")]
    [InlineData("""{"conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Hello"}],"system":"Be brief."}""",
        "system: Be brief. | user: Hi | assistant: Hello")]
    [InlineData("""{"prompt":"Hi","completion":" Hello"}""", "user: Hi | assistant:  Hello")]
    [InlineData("""{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Hello"}]}""",
        "user: Hi | assistant: Hello")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"Hi "},{"type":"text","text":"there"}]},{"role":"assistant","content":"Hello\r\nyou"}]}""",
        "user: Hi there | assistant: Hello\nyou")]
    [InlineData("""{"conversation":[{"from":"human","value":"2+2"},{"from":"observation","value":"4"},{"from":"gpt","value":"4"}]}""",
        "user: 2+2 | tool: 4 | assistant: 4")]
    public void Conversations_are_read_in_each_shape(string record, string expected)
    {
        var (conversation, skips) = Read(record);

        Assert.Equal(expected,
            string.Join(" | ", conversation!.Messages.Select(message => $"{message.Role}: {message.Fields["content"]}")));
        Assert.Empty(skips.ToString());
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"}]}""", nameof(SkipReason.NoAnswer))]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":" "}]}""", nameof(SkipReason.NoAnswer))]
    [InlineData("""{"prompt":"Hi","completion":""}""", nameof(SkipReason.NoAnswer))]
    [InlineData("""{"messages":[{"content":"Hi"},{"role":"assistant","content":"Hello"}]}""", nameof(SkipReason.MalformedConversation))]
    [InlineData("""{"messages":[{"role":"wizard","content":"Hi"},{"role":"assistant","content":"Hello"}]}""",
        nameof(SkipReason.MalformedConversation))]
    [InlineData("""{"messages":["Hi","Hello"]}""", nameof(SkipReason.MalformedConversation))]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"x"}]},{"role":"assistant","content":"a"}]}""",
        nameof(SkipReason.MalformedConversation))]
    [InlineData("""{"prompt":3,"completion":"four"}""", nameof(SkipReason.MalformedConversation))]
    [InlineData("""{"messages":[],"messages":[]}""", nameof(SkipReason.MalformedJson))]
    public void What_is_no_conversation_is_counted_once_with_its_reason(string record, string reason)
    {
        var (conversation, skips) = Read(record);

        Assert.Null(conversation);
        Assert.Equal(1, skips[Enum.Parse<SkipReason>(reason)]);
        Assert.Single(skips.ToDictionary());
        Assert.Contains("a.jsonl:1 ", skips.Describe(), StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", skips.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void Tools_and_calls_stay_as_they_are()
    {
        var (conversation, _) = Read("""
            {"tools":[{"type":"function","function":{"name":"add"}}],"messages":[{"role":"user","content":"2+2"},
            {"role":"assistant","content":null,"tool_calls":[{"type":"function","function":{"name":"add","arguments":{"a":2}}}]}]}
            """);

        Assert.Equal("add", (string?)conversation!.Tools![0]!["function"]!["name"]);
        Assert.Equal(2, (int?)conversation.Messages[1].Fields["tool_calls"]![0]!["function"]!["arguments"]!["a"]);
    }

    [Fact]
    public void A_prompt_keeps_what_is_asked_last_and_leaves_its_answer_out()
    {
        var parser = new RecordParser(new SkipCounts());
        var prompt = parser.Prompt(new("""
            {"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}
            """, "a.jsonl:1"))!;

        Assert.Equal(["a", "b", "c"], prompt.Messages.Select(message => (string?)message.Fields["content"]));
    }

    [Theory]
    [InlineData("conversation", """{"messages":[{"role":"user","content":"\ud83d?"},{"role":"assistant","content":"a\udc00"}]}""")]
    [InlineData("conversation", """[{"role":"user","content":"\uD83D?"},{"role":"assistant","content":"a\uDC00"}]""")]
    [InlineData("conversation", """{"prompt":"\ud83d?","completion":"a\ud83d","more":{"\ud83d":["\ud83d"]}}""")]
    [InlineData("conversation",
        """{"messages":[{"role":"user","content":"?"},{"role":"assistant","tool_calls":[{"\ud83d":"\ud83d"}]}]}""")]
    [InlineData("prompt", """{"prompt":"\ud83d?","system":"\ud83d"}""")]
    [InlineData("prompt", """{"messages":[{"role":"\ud83d","content":"?"}]}""")]
    [InlineData("pair", """{"prompt":"\ud83d?","chosen":"a","rejected":"b","chosen_reward":"\ud83d"}""")]
    public void Half_a_surrogate_pair_ends_no_run(string what, string json)
    {
        var skips = new SkipCounts();
        var reader = what switch
        {
            "conversation" => AlignmentRecords.Conversations,
            "prompt" => AlignmentRecords.Prompts,
            _ => AlignmentRecords.Pairs,
        };
        var text = JsonRecord.Text(Encoding.UTF8.GetBytes(json), "a.jsonl:1", null, skips, reader)!;
        var parser = new RecordParser(skips);
        var messages = what switch
        {
            "conversation" => parser.Conversation(new(text, "a.jsonl:1"))!.Messages,
            "prompt" => parser.Prompt(new(text, "a.jsonl:1"))?.Messages ?? [],
            _ => parser.Pair(new(text, "a.jsonl:1"))!.Chosen.Messages,
        };

        Assert.Equal(1, skips[SkipReason.RepairedUtf8]);
        Assert.Equal(skips[SkipReason.MalformedConversation] == 1, messages.Count == 0);
        Assert.All(messages, message => Assert.DoesNotContain("\\ud", message.Fields.ToJsonString(), StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Tools_that_stand_as_a_text_are_mended_too()
    {
        var (conversation, skips) = Read(
            """{"prompt":"a","completion":"b","tools":"[{\"name\":\"x\\ud83dy\"}]"}""");

        Assert.Equal("x\ufffdy", (string?)conversation!.Tools![0]!["name"]);
        Assert.Equal(1, skips[SkipReason.RepairedUtf8]);
    }

    private static (Conversation? Conversation, SkipCounts Skips) Read(string record)
    {
        var skips = new SkipCounts();
        return (new RecordParser(skips).Conversation(new(record, "a.jsonl:1")), skips);
    }
}
