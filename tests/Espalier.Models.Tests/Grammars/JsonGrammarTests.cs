using System.Text;
using System.Text.Json;
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
    [InlineData(" \n{ \"a\" : [ ] , \"b\":{\"c\":[1,-0,0.5,10e3,-1.25E-7,true,false,null,\"\"]}}")]
    [InlineData("{\"\\u00e4\\n\\\"\\\\\\/\\b\\f\\r\\t\":\"ä€😀\"}")]
    [InlineData("{\"a\":[[[{\"b\":[0]}]]]}")]
    public void Objects_are_whole_at_their_last_byte_only(string text)
    {
        var state = new JsonState();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            Assert.False(state.IsComplete);
            state = state.After(b)!.Value;
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
    public void What_no_object_begins_with_is_refused(string text) => Assert.Null(Walk(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xC3, 0x22 })]
    [InlineData(new byte[] { 0xE0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0 })]
    [InlineData(new byte[] { 0xF0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90 })]
    [InlineData(new byte[] { 0xF5 })]
    public void Strings_are_well_formed(byte[] bytes) => Assert.Null(Walk([.. "{\""u8, .. bytes]));

    [Fact]
    public void Depth_and_white_space_have_ends()
    {
        var text = "{\"a\":" + new string('[', JsonState.Deepest - 1);
        Assert.NotNull(Walk(Encoding.UTF8.GetBytes(text)));
        Assert.Null(Walk(Encoding.UTF8.GetBytes(text + "[")));
        Assert.NotNull(Walk(Encoding.UTF8.GetBytes("{" + new string(' ', JsonState.MostSpaces))));
        Assert.Null(Walk(Encoding.UTF8.GetBytes("{" + new string(' ', JsonState.MostSpaces + 1))));
        Assert.NotNull(Walk(Encoding.UTF8.GetBytes("{\"" + new string(' ', 3 * JsonState.MostSpaces))));
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
        var state = Walk(Encoding.UTF8.GetBytes(text))!.Value;
        var logits = new float[rows];
        var mask = Masked(text, rows);
        mask.Apply(logits);
        for (var id = 0; id < rows; id++)
        {
            var may = !s_tokenizer.IsSpecial(id) && bytes.Of(id) is { Length: > 0 } token && Walk(token, state) is not null;
            Assert.Equal(may ? 0 : float.NegativeInfinity, logits[id]);
        }
        Assert.Contains(logits, static logit => logit == 0);
    }

    [Fact]
    public void Whatever_is_chosen_among_them_ends_as_an_object()
    {
        var random = new Random(4);
        var grammar = new JsonGrammar(s_tokenizer, s_tokenizer.VocabularySize);
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

    private static Espalier.Models.Generation.ITokenMask Masked(string text, int rows)
    {
        var mask = new JsonGrammar(s_tokenizer, rows).Mask();
        foreach (var c in text)
            mask.Accept(s_tokenizer.TokenId(c.ToString())!.Value);
        return mask;
    }

    private static JsonState? Walk(byte[] bytes, JsonState state = default)
    {
        foreach (var b in bytes)
        {
            if (state.After(b) is not { } next)
                return null;
            state = next;
        }
        return state;
    }
}
