using System.Text;
using Espalier.Models.Grammars;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Models.Tests.Grammars;

/// <summary>What may be written as JSON, against System.Text.Json and by what random choices come to.</summary>
public sealed class JsonGrammarTests
{
    private static readonly Tokenizer s_tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));

    [Theory]
    [InlineData("{}")]
    [InlineData("{\n\"a\" : [ ] , \"b\":{\"c\":[1,-0,0.5,10e3,-1.25E-7,true,false,null,\"\"]}}")]
    [InlineData("{\"\\u00e4\\n\\\"\\\\\\/\\b\\f\\r\\t\":\"ä€😀\"}")]
    [InlineData("{\"a\":[[[{\"b\":[0]}]]]}")]
    public void Objects_are_whole_at_their_last_byte_only(string text)
    {
        var state = Json().Start;
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            Assert.False(state.MayEnd);
            state = state.After(b)!;
        }
        Assert.True(state.IsComplete);
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(text).RootElement.ValueKind);
        for (var b = 0; b < 256; b++)
            Assert.Null(state.After((byte)b));
    }

    [Theory]
    [InlineData("[")]
    [InlineData("1")]
    [InlineData("{,")]
    [InlineData("{1")]
    [InlineData("{\"a\" 1")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":[1,]")]
    [InlineData("{\"a\":[1}")]
    [InlineData("{\"a\":01")]
    [InlineData("{\"a\":-}")]
    [InlineData("{\"a\":1.}")]
    [InlineData("{\"a\":.5")]
    [InlineData("{\"a\":1e}")]
    [InlineData("{\"a\":+1")]
    [InlineData("{\"a\":tru}")]
    [InlineData("{\"a\":\"\n")]
    [InlineData("{\"a\":\"\\x")]
    [InlineData("{\"a\":\"\\u12g")]
    [InlineData("{\"a\":\"\\ud800")]
    [InlineData("{\"a\":\"\\uDC")]
    public void What_no_object_begins_with_is_refused(string text) => Assert.Null(Json().Walk(text));

    [Theory]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xC3, 0x22 })]
    [InlineData(new byte[] { 0xE0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0 })]
    [InlineData(new byte[] { 0xF0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90 })]
    [InlineData(new byte[] { 0xF5 })]
    public void Strings_are_well_formed(byte[] bytes) => Assert.Null(Json().Walk([.. "{\""u8, .. bytes]));

    [Fact]
    public void Depth_white_space_and_numbers_have_ends()
    {
        var json = Json();
        var text = "{\"a\":" + new string('[', Grammar.Deepest - 1);
        Assert.NotNull(json.Walk(text));
        Assert.Null(json.Walk(text + "["));
        Assert.NotNull(json.Walk("{ \"a\""));
        Assert.Null(json.Walk("{  "));
        var indented = "{\n" + new string(' ', JsonSyntax.MostIndentation);
        Assert.NotNull(json.Walk(indented + "\"a\""));
        Assert.Null(json.Walk(indented + " "));
        Assert.Null(json.Walk("{\n\n"));
        Assert.NotNull(json.Walk("{\"" + new string(' ', 300)));
        Assert.NotNull(json.Walk("{\"a\":" + new string('1', 16)));
        Assert.Null(json.Walk("{\"a\":" + new string('1', 17)));
        Assert.Null(json.Walk("{\"a\":0." + new string('1', 17)));
        Assert.Null(json.Walk("{\"a\":1e1234"));
    }

    /// <summary>Tokens are found by their shared beginnings; the twin tries each byte by byte.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"")]
    [InlineData("{\"a\":")]
    [InlineData("{\"a\":[{\"b\":\"x\"")]
    [InlineData("{\"a\":1")]
    [InlineData("{\"a\":\"\\u0")]
    [InlineData("{\"a\":t")]
    public void Which_tokens_may_come_is_what_their_bytes_say(string text)
    {
        var (rows, bytes) = (s_tokenizer.VocabularySize + 3, new TokenBytes(s_tokenizer));
        var state = Json().Walk(text)!;
        var logits = new float[rows];
        var mask = Masked(text, rows);
        mask.Apply(logits);
        for (var id = 0; id < rows; id++)
        {
            var may = !s_tokenizer.IsSpecial(id) && bytes.Of(id) is { Length: > 0 } token && state.Walk(token) is not null;
            Assert.Equal(may ? 0 : float.NegativeInfinity, logits[id]);
        }
        Assert.Contains(logits, static logit => logit == 0);
    }

    [Fact]
    public void Whatever_is_chosen_among_them_ends_as_an_object()
    {
        var random = new Random(4);
        var grammar = Masking(s_tokenizer.VocabularySize);
        var whole = 0;
        for (var round = 0; round < 60; round++)
        {
            var mask = grammar.Mask();
            var ids = new List<int>();
            while (!mask.IsComplete && ids.Count < 400)
            {
                var logits = new float[s_tokenizer.VocabularySize];
                mask.Apply(logits);
                int[] open = [.. Enumerable.Range(0, logits.Length).Where(id => logits[id] == 0)];
                // What ends something is taken more often than chance would, so that texts end.
                var closing = open.Where(id => s_tokenizer.TokenText(id) is "}" or "]" or "\"" or "\"}" or "]}").ToArray();
                var chosen = closing.Length > 0 && random.Next(3) == 0 ? closing[random.Next(closing.Length)]
                    : open[random.Next(open.Length)];
                ids.Add(chosen);
                mask.Accept(chosen);
            }
            if (!mask.IsComplete)
                continue;
            whole++;
            var text = s_tokenizer.Decode([.. ids]);
            Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(text, new() { MaxDepth = 100 }).RootElement.ValueKind);
            Strings(JsonDocument.Parse(text, new() { MaxDepth = 100 }).RootElement);
        }
        Assert.True(whole > 20, $"{whole} texts were whole");
    }

    private static void Strings(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
            _ = element.GetString();
        else if (element.ValueKind == JsonValueKind.Array)
            foreach (var item in element.EnumerateArray())
                Strings(item);
        else if (element.ValueKind == JsonValueKind.Object)
            foreach (var field in element.EnumerateObject())
            {
                _ = field.Name;
                Strings(field.Value);
            }
    }

    private static Espalier.Models.Generation.Sampling.ITokenMask Masked(string text, int rows)
    {
        var mask = Masking(rows).Mask();
        foreach (var c in text)
            mask.Accept(s_tokenizer.TokenId(c.ToString())!.Value);
        return mask;
    }

    private static TokenGrammar Masking(int rows) => new(JsonSyntax.Object, new(s_tokenizer, rows, new HashSet<int>(), []));

    private static Grammar Json() => new(JsonSyntax.Object);
}
