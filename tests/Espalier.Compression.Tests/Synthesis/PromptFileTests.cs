using Espalier.Compression.Synthesis;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Synthesis;

/// <summary>The shapes of prompts that people have.</summary>
public sealed class PromptFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_text_file_has_a_prompt_a_line()
    {
        var prompts = Read("p.txt", "Why?\n\n  What {\"is\": 1}  \r\nLast");
        Assert.Equal(["Why?", "What {\"is\": 1}", "Last"], prompts.Select(prompt => prompt.Text));
        Assert.Equal(["p.txt:1", "p.txt:3", "p.txt:4"], prompts.Select(prompt => prompt.Source));
    }

    [Theory]
    [InlineData("""{"prompt": "Why?"}""", "Why?", "p.jsonl:1")]
    [InlineData("""{"id": "q7", "question": "Why?", "answer": "So."}""", "Why?", "q7")]
    [InlineData("""{"id": 7, "instruction": "Add.", "input": "1 and 2", "output": "3"}""", "Add.\n\n1 and 2", "7")]
    [InlineData("""{"text": "Why?"}""", "Why?", "p.jsonl:1")]
    public void A_record_has_it_in_a_field(string line, string text, string source)
    {
        var prompt = Assert.Single(Read("p.jsonl", line));
        Assert.Equal((text, source), (prompt.Text, prompt.Source));
        Assert.Empty(prompt.Messages);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "A"}]}""")]
    [InlineData("""{"prompt": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"}], "system": "S"}""")]
    [InlineData("""{"system": "S", "conversations": [{"from": "human", "value": "A"}, {"from": "gpt", "value": "B"}]}""")]
    public void A_conversation_ends_with_what_is_to_be_answered(string line)
    {
        var prompt = Assert.Single(Read("p.jsonl", line));
        Assert.Equal([("system", "S"), ("user", "A")],
            prompt.Messages.Select(message => (message.Role, (string)message.Fields["content"]!)));
        Assert.Null(prompt.Text);
    }

    [Fact]
    public void Half_a_surrogate_pair_becomes_a_replacement_character()
    {
        Assert.Equal("a\ufffd", Assert.Single(Read("p.jsonl", """{"id": "\ud83d", "prompt": "a\ud83d"}""")).Text);
        var said = Assert.Single(Read("p.jsonl", """{"messages": [{"role": "user", "content": "a\ud83d"}]}""")).Messages;
        Assert.Equal("a\ufffd", (string?)Assert.Single(said).Fields["content"]);
    }

    [Theory]
    [InlineData("{\"prompt\": \"a\"}\n{\"prompt\": }", "p.jsonl:2: is not valid JSON at byte 11: '}' is an invalid start of a value")]
    [InlineData("{\"prompt\": \"a\"", "p.jsonl:1: is not valid JSON at byte 14: an object or list is not closed")]
    [InlineData("[1]", "p.jsonl:1: is not a JSON object")]
    [InlineData("""{"answer": "b"}""", "p.jsonl:1: has no prompt in any of")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "B"}]}""", "has no user message")]
    [InlineData("""{"messages": ["A"]}""", "a message is not a JSON object")]
    [InlineData("\n\n", "contains no prompt: it is empty or blank; give one per line")]
    public void What_is_no_prompt_is_refused_by_its_line(string content, string expected) =>
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read("p.jsonl", content)).Message);

    [Fact]
    public void No_more_are_read_than_are_needed()
    {
        File.WriteAllText(_folder.Of("p.jsonl"), "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\nnot json");
        Assert.Equal(["a", "b"], PromptFile.Read(_folder.Of("p.jsonl"), 2).Select(prompt => prompt.Text));
    }

    public void Dispose() => _folder.Dispose();

    private IReadOnlyList<GivenPrompt> Read(string name, string content)
    {
        File.WriteAllText(_folder.Of(name), content);
        return PromptFile.Read(_folder.Of(name), int.MaxValue);
    }
}
