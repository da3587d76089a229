using Espalier.Models.Generation.Sampling;
using Espalier.Models.Grammars;
using Espalier.Models.Grammars.Schemas;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Models.Tests.Grammars;

/// <summary>What may come is found out once for all counts that no token reaches the end of.</summary>
public sealed class CountedMaskTests
{
    private static readonly Tokenizer s_tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
    private static readonly GrammarTokens s_tokens = new(s_tokenizer, s_tokenizer.VocabularySize, new HashSet<int>(), []);

    private static readonly Dictionary<byte, int> s_ids = s_tokens.Bytes.Index().Where(static token => token.Item is [_])
        .DistinctBy(static token => token.Item![0]).ToDictionary(static token => token.Item![0], static token => token.Index);

    [Fact]
    public void Thousands_of_characters_that_are_counted_cost_a_few_masks()
    {
        var grammar = Of("""{"type":"string","minLength":9000,"maxLength":20000}""");
        for (var answer = 0; answer < 2; answer++)
        {
            var mask = grammar.Mask();
            Write(mask, "\"");
            for (var count = 0; count < 20_000; count++)
            {
                Assert.Equal(count >= 9000, Allowed(mask, "\""));
                Write(mask, "x");
            }
            Assert.False(Allowed(mask, "x"));
            Write(mask, "\"");
            Assert.True(mask.IsComplete);
            // Each count whose end a token may reach, and one for all others.
            Assert.InRange(grammar.Found, 1, 4 + 2 * (s_tokens.Table.Longest + 2));
        }
    }

    [Theory]
    [InlineData("""{"type":"string","minLength":60,"maxLength":150}""", "\"", "ab", "\"")]
    [InlineData("""{"type":"array","minItems":40,"maxItems":90,"items":{"type":"string","maxLength":30}}""", "[\"a\"", ",\"bc\"", "]")]
    public void They_are_the_masks_of_the_exact_counts(string schema, string first, string more, string last)
    {
        var grammar = Of(schema);
        using var document = JsonDocument.Parse(schema);
        var state = new Grammar(SchemaReader.Read(document.RootElement, "schema")).Start;
        var mask = grammar.Mask();
        foreach (var text in Enumerable.Repeat(more, 72).Prepend(first).Append(last))
            foreach (var letter in text)
            {
                var exact = s_tokens.Table.Allowed(state);
                var logits = new float[s_tokens.Table.Rows];
                mask.Apply(logits);
                for (var id = 0; id < logits.Length; id++)
                    Assert.Equal((exact[id / 64] >> (id % 64) & 1) == 1, logits[id] == 0);
                state = state.After((byte)letter)!;
                Write(mask, $"{letter}");
            }
        Assert.True(mask.IsComplete);
    }

    private static TokenGrammar Of(string schema)
    {
        using var document = JsonDocument.Parse(schema);
        return new(SchemaReader.Read(document.RootElement, "schema"), s_tokens);
    }

    private static void Write(ITokenMask mask, string letter) => mask.Accept(s_ids[(byte)letter[0]]);

    private static bool Allowed(ITokenMask mask, string letter)
    {
        var logits = new float[s_tokens.Table.Rows];
        mask.Apply(logits);
        return logits[s_ids[(byte)letter[0]]] == 0;
    }
}
