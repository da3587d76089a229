using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Splitting;

namespace Espalier.Tests.Tokenizers;

/// <summary>What several pre-tokenizers come to together, which is what names them in GGUF.</summary>
public sealed class PreTokenizerTests
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly JsonObject s_digits = new() { ["type"] = "Digits", ["individual_digits"] = true };
    private static readonly JsonObject s_runs = new() { ["type"] = "Digits", ["individual_digits"] = false };

    public static IEnumerable<object[]> Chains => new TheoryData<string, PretokenizerSplit>
    {
        { Chain(ByteLevel(regex: true)), PretokenizerSplit.Gpt2 },
        { Chain(Split(Gpt2), ByteLevel(regex: false)), PretokenizerSplit.Gpt2 },
        { Chain(Split(Gpt2), ByteLevel(regex: true)), PretokenizerSplit.Gpt2 },
        { Chain(Split(Qwen2), ByteLevel(regex: false)), PretokenizerSplit.Qwen2 },
        { Chain(s_digits, ByteLevel(regex: true)), PretokenizerSplit.DigitsThenGpt2 },
        { Chain(s_digits, Split(Gpt2), ByteLevel(regex: true)), PretokenizerSplit.DigitsThenGpt2 },
        { Chain(Split(@"\p{N}"), ByteLevel(regex: true)), PretokenizerSplit.DigitsThenGpt2 },
        { Chain(ByteLevel(regex: false)), PretokenizerSplit.None },
        { Chain(s_digits, ByteLevel(regex: false)), PretokenizerSplit.Digits },
        { Chain(s_runs, ByteLevel(regex: true)), PretokenizerSplit.Other },
        { Chain(Split(Gpt2), s_digits, ByteLevel(regex: false)), PretokenizerSplit.Other },
        { Chain(s_digits, Split(Qwen2), ByteLevel(regex: false)), PretokenizerSplit.Other },
        { Chain(Split(Qwen2), ByteLevel(regex: true)), PretokenizerSplit.Other },
        // The space in front stands between the two, and the second cuts other words.
        { Chain(Split(Gpt2), ByteLevel(regex: true, space: true)), PretokenizerSplit.Other },
    };

    [Theory, MemberData(nameof(Chains))]
    internal void The_split_is_what_they_do_together(string chain, PretokenizerSplit expected)
    {
        using var folder = Folder(chain);
        Assert.Equal(expected, Tokenizer.Load(folder.Path).Model.Split);
    }

    [Fact]
    public void A_split_at_single_numbers_is_the_digits_pre_tokenizer()
    {
        using var digits = Folder(Chain(s_digits, ByteLevel(regex: true)));
        using var split = Folder(Chain(Split(@"\p{N}"), ByteLevel(regex: true)));
        var (one, other) = (Tokenizer.Load(digits.Path), Tokenizer.Load(split.Path));
        foreach (var text in new[] { "hello12 345", "  7\n\n8", "\u00bd\u0663\u2167x\u00b2", "he 1's don't" })
            Assert.Equal(one.Encode(text), other.Encode(text));
    }

    /// <summary>Gemma's files have such a split; where the normalizer leaves no space, it cuts nothing.</summary>
    [Fact]
    public void A_split_at_spaces_that_are_all_replaced_before_changes_no_id()
    {
        var golden = Fixtures.Golden("tokenizers-hf", "llama2-byte-fallback");
        var file = JsonNode.Parse(File.ReadAllText(Path.Combine(golden, "tokenizer.json")))!;
        file["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject { ["String"] = " " },
            ["behavior"] = "MergedWithPrevious",
            ["invert"] = false,
        };
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Of("tokenizer.json"), file.ToJsonString());
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(PretokenizerSplit.None, tokenizer.Model.Split);
        var cases = File.ReadLines(Path.Combine(golden, "cases.jsonl")).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.True(cases.Length > 200);
        foreach (var one in cases)
            Assert.Equal(one["ids_no_special"]!.AsArray().Select(id => (int)id!),
                tokenizer.Encode((string)one["text"]!, addSpecialTokens: false));
    }

    [Fact]
    public void A_known_split_leaves_its_own_words_as_they_are()
    {
        string[] parts = ["a", "B", "é", "1", "22", " ", "  ", "\n", "\t", "'", "'s", "'LL", ".", "!", "你", "😀", "٣", "²", "\r\n",
            "\u00a0", "_", "a\u0301"];
        var random = new Random(7);
        foreach (var expression in new[] { Gpt2, Qwen2, Qwen2.Replace(@"|\p{N}|", @"|\p{N}{1,3}|", StringComparison.Ordinal) })
        {
            var scanner = SplitScanner.Find(expression)!;
            for (var i = 0; i < 2000; i++)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => parts[random.Next(parts.Length)]));
                for (int start = 0, end; start < text.Length; start = end)
                {
                    end = scanner.Next(text, start);
                    Assert.Equal(end - start, scanner.Next(text.AsSpan(start, end - start), 0));
                }
            }
        }
    }

    private static string Chain(params JsonObject[] parts) => new JsonObject
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray([.. parts.Select(part => part.DeepClone())]),
    }.ToJsonString();

    private static JsonObject Split(string expression) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = expression },
        ["behavior"] = "Isolated",
        ["invert"] = false,
    };

    private static JsonObject ByteLevel(bool regex, bool space = false) =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = space, ["use_regex"] = regex };

    private static TemporaryTokenizer Folder(string chain)
    {
        var json = TemporaryTokenizer.ByteLevel();
        json["pre_tokenizer"] = JsonNode.Parse(chain);
        return new(json.ToJsonString());
    }
}
