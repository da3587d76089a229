using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Tokenizers;

/// <summary>Compares a tokenizer with recorded cases and reports every difference, not only the first.</summary>
internal static class TokenizerCases
{
    public static void AssertCases(Tokenizer tokenizer, string path)
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var line in File.ReadLines(path))
        {
            using var json = JsonDocument.Parse(line);
            var (text, ids) = (json.RootElement.GetProperty("text").GetString()!, Ids(json.RootElement, "ids"));
            Compare(wrong, text, "ids", Ids(json.RootElement, "ids_no_special"), tokenizer.Encode(text, addSpecialTokens: false));
            Compare(wrong, text, "ids with special tokens", ids, tokenizer.Encode(text));
            CompareDecoding(wrong, tokenizer, json.RootElement, ids);
            count++;
        }
        Assert.True(count > 200, $"{path} holds only {count} cases.");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
    }

    public static void AssertDecodeCases(Tokenizer tokenizer, string path)
    {
        var wrong = new List<string>();
        foreach (var line in File.ReadLines(path))
        {
            using var json = JsonDocument.Parse(line);
            CompareDecoding(wrong, tokenizer, json.RootElement, Ids(json.RootElement, "ids"));
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
    }

    /// <summary>The cases of llama.cpp: texts between separators, and a line of ids for each.</summary>
    public static void AssertPublishedCases(Tokenizer tokenizer, string inputPath, string idsPath)
    {
        var texts = File.ReadAllText(inputPath).Split("\n__ggml_vocab_test__\n");
        var lines = File.ReadAllLines(idsPath);
        var wrong = new List<string>();
        foreach (var (text, line) in texts.Zip(lines))
        {
            var expected = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray();
            Compare(wrong, text, "ids", expected, tokenizer.Encode(text, addSpecialTokens: false));
        }
        Assert.True(lines.Length > 40 && texts.Length >= lines.Length, $"{texts.Length} texts and {lines.Length} lines of ids.");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
    }

    private static void CompareDecoding(List<string> wrong, Tokenizer tokenizer, JsonElement json, int[] ids)
    {
        foreach (var skip in new[] { false, true })
        {
            var expected = json.GetProperty(skip ? "decoded_skip_special" : "decoded").GetString()!;
            var stream = tokenizer.CreateDecodeStream(skip);
            var streamed = string.Concat(ids.Select(stream.Append)) + stream.Finish();
            Compare(wrong, string.Join(' ', ids), $"decoded, skip {skip}", expected, tokenizer.Decode(ids, skip));
            Compare(wrong, string.Join(' ', ids), $"streamed, skip {skip}", expected, streamed);
        }
    }

    private static void Compare<T>(List<string> wrong, string input, string what, IEnumerable<T> expected, IEnumerable<T> actual)
    {
        if (!expected.SequenceEqual(actual))
            wrong.Add(
                $"{what} of {JsonSerializer.Serialize(input)}: expected {JsonSerializer.Serialize(expected)}, got "
                    + $"{JsonSerializer.Serialize(actual)}");
    }

    private static int[] Ids(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
