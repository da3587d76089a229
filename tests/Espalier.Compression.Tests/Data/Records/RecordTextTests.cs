using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;

namespace Espalier.Compression.Tests.Data.Records;

/// <summary>Which text a record is, in the shapes that people have.</summary>
public sealed class RecordTextTests : IDisposable
{
    private readonly DataFixture _data = new();
    private readonly SkipCounts _skips = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData("""{"text": "a", "content": "b"}""", "a")]
    [InlineData("""{"content": "b", "id": 1}""", "b")]
    [InlineData("""{"text": null, "content": "b"}""", "b")]
    [InlineData("""{"content": [{"type": "text", "text": "a "}, {"type": "image_url", "image_url": "x.png"}, {"type": "text", "text": "b"}]}""", "a b")]
    [InlineData("""{"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}""", "a\nb")]
    [InlineData("""{"prompt": "Q: 2 + 2?", "completion": " 4"}""", "Q: 2 + 2? 4")]
    [InlineData("""{"prompt": "What?", "completion": "That."}""", "What?\nThat.")]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}]}""",
        "user: a\n\nassistant: b")]
    [InlineData("""{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a\nb"}, {"role": "assistant", "content": [{"type": "text", "text": "c"}]}]}""",
        "system: s\n\nuser: a\nb\n\nassistant: c")]
    [InlineData("""{"prompt": "only asked", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "tool_calls": []}]}""", "user: a")]
    [InlineData("""{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}, {"from": "tool", "value": "c"}]}""",
        "user: a\n\nassistant: b\n\ntool: c")]
    [InlineData("""{"instruction": "Add.", "input": "1 and 2", "output": "3"}""", "Add.\n\n1 and 2\n\n3")]
    [InlineData("""{"instruction": "Add.", "input": "", "output": "3"}""", "Add.\n\n3")]
    [InlineData("""{"instruction": "Add.", "input": NaN, "output": "3"}""", "Add.\n\n3")]
    [InlineData("""{"question": "Why?", "answer": "So."}""", "Why?\n\nSo.")]
    [InlineData("\"a text alone\"", "a text alone")]
    public void Known_shapes_become_one_plain_text(string line, string expected)
    {
        Assert.Equal([expected], DataFixture.Texts(_skips, _data.Write("a.jsonl", line)));
        Assert.Equal("", _skips.ToString());
    }

    [Theory]
    [InlineData("""{"text": "no", "body": "yes"}""", "yes")]
    [InlineData("""{"text": "no", "body": [{"role": "user", "content": "yes"}]}""", "user: yes")]
    public void A_field_of_ones_choice_alone_decides(string line, string expected)
    {
        var file = _data.Write("a.jsonl", line + "\n{\"text\": \"has no such field\"}");
        Assert.Equal([expected], DataFixture.Texts(_skips, file + ";field=body"));
        Assert.Equal([expected], DocumentSource.Parse([file], "body").Read(new ReadContext()).Select(document => document.Text));
        Assert.Equal(1, _skips[SkipReason.MissingField]);
    }

    [Fact]
    public void A_source_with_a_field_of_its_own_keeps_it()
    {
        var (one, two) = (_data.Write("a.jsonl", """{"a": "one", "b": "no"}"""), _data.Write("b.jsonl", """{"a": "no", "b": "two"}"""));
        Assert.Equal(["one", "two"],
            DocumentSource.Parse([one, two + ";field=b"], "a").Read(new ReadContext()).Select(document => document.Text));
    }

    [Theory]
    [InlineData("""{"body": "x", "id": 7}""", "",
        "a.jsonl:1 has body, id, but no text in any of text, content, prompt + completion, messages, conversations")]
    [InlineData("""{"body": "x", "id": 7}""", ";field=bdy", "a.jsonl:1 has body, id, but no text in the field bdy. Did you mean body?")]
    [InlineData("""{"text": 7}""", "", "a.jsonl:1 has text, but no text in any of")]
    [InlineData("""{}""", "", "a.jsonl:1 has no keys, but no text")]
    [InlineData("""{"a\nb": 1}""", "", "a.jsonl:1 has a?b, but no text")]
    [InlineData("""{"prompt": "x"}""", "", "a.jsonl:1 has prompt, but no text")]
    [InlineData("""{"messages": [1, 2]}""", "", "a.jsonl:1 has messages, but no text")]
    public void A_record_without_text_says_what_was_looked_for_and_what_is_there(string line, string option, string expected)
    {
        Assert.Empty(DataFixture.Texts(_skips, _data.Write("a.jsonl", line) + option));
        Assert.Equal(1, _skips[SkipReason.MissingField]);
        Assert.Contains(expected, _skips.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_refusal_of_a_corpus_without_text_carries_the_reason()
    {
        var file = _data.Write("a.jsonl", "{\"body\": \"x\"}\n");
        var error =
            Assert.Throws<EspalierException>(() => Corpus.BuildStore(new() { Sources = [file] }, DataFixture.Bytes, _data.At("out")));
        Assert.Contains("skipped: 1 missing-field; ", error.Message, StringComparison.Ordinal);
        Assert.Contains("a.jsonl:1 has body", error.Message, StringComparison.Ordinal);
        Assert.Contains("FILE;field=NAME", error.Message, StringComparison.Ordinal);
    }
}
