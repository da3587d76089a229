using System.IO.Compression;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Detokenizing;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Models.Tokenizers.Normalizing;
using Espalier.Models.Tokenizers.Splitting;

namespace Espalier.Tests.Tokenizers;

/// <summary>Each normalizer, pre-tokenizer and decoder alone, over our hard texts, against Hugging Face's library.</summary>
public class TokenizerStepTests
{
    private const string Between = "\uFDD1";

    [Fact]
    public void Normalizers_equal_the_reference_library() => Compare("normalizer", 30, (node, texts) =>
    {
        var normalize = Normalizers.Read(node)!;
        return texts.Select(normalize);
    });

    [Fact]
    public void Pieces_of_pre_tokenizers_equal_the_reference_library() => Compare("pre_tokenizer", 120, (node, texts) =>
    {
        var collected = new Collect();
        var splits = PreTokenizers.Read(node);
        // The model writes the alphabet of bytes where nothing comes after it.
        var first = splits.Build(splits is { ByteLevel: true, WritesAlphabet: false } ? new ByteLevelStep(collected) : collected);
        return texts.Select(text => string.Join(Between, collected.Of(first, text)));
    });

    [Fact]
    public void Decoders_equal_the_reference_library()
    {
        foreach (var (node, json) in Lines("decoder"))
        {
            var steps = Decoders.Read(node);
            foreach (var (tokens, expected) in json.GetProperty("tokens").EnumerateArray()
                .Zip(json.GetProperty("results").EnumerateArray().Select(static result => result.GetString()!)))
            {
                var collected = new CollectStep(joinWithSpaces: false);
                var first = steps.Reverse().Aggregate((DecodeStep)collected, static (next, make) => make(next));
                foreach (var token in tokens.EnumerateArray())
                {
                    first.Text(token.GetString());
                    first.EndToken();
                }
                first.End();
                Assert.Equal((json.GetProperty("decoder").GetRawText(), tokens.GetRawText(), expected),
                    (json.GetProperty("decoder").GetRawText(), tokens.GetRawText(), collected.Take()));
            }
        }
    }

    private static void Compare(string kind, int least, Func<TokenizerNode, string[], IEnumerable<string>> act)
    {
        var (wrong, count) = (new List<string>(), 0);
        string[] texts = [.. Lines("texts").Single().Json.GetProperty("texts").EnumerateArray().Select(static text => text.GetString()!)];
        Assert.True(texts.Length > 250);
        foreach (var (node, json) in Lines(kind))
        {
            count++;
            string[] found = [.. act(node, texts)];
            var expected = json.GetProperty("results").EnumerateArray().Select(static result => result.GetString()!);
            wrong.AddRange(texts.Zip(expected, found).Where(row => row.Second != row.Third).Select(row =>
                $"{json.GetProperty(kind).GetRawText()} of {JsonSerializer.Serialize(row.First)}: expected "
                    + $"{JsonSerializer.Serialize(row.Second)}, got {JsonSerializer.Serialize(row.Third)}").Take(4));
        }
        Assert.True(count >= least, $"{count} nodes of kind {kind}");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(40)));
    }

    private static IEnumerable<(TokenizerNode Node, JsonElement Json)> Lines(string kind)
    {
        using var packed = new GZipStream(File.OpenRead(Fixtures.Golden("tokenizers-kinds", "steps.jsonl.gz")), CompressionMode.Decompress);
        using var reader = new StreamReader(packed);
        while (reader.ReadLine() is { } line)
            if (JsonDocument.Parse(line).RootElement is var json && json.TryGetProperty(kind, out var node))
                yield return (new(node, "steps", kind), json);
    }

    private sealed class Collect : WordStep
    {
        private readonly List<string> _pieces = [];

        public IEnumerable<string> Of(WordStep first, string text)
        {
            _pieces.Clear();
            if (text.Length > 0)
                first.Accept(text, true, new());
            return [.. _pieces];
        }

        public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids) => _pieces.Add(piece.ToString());
    }
}
