using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Tokenizers;

public class PublishedTokenizerTests
{
    [PublishedTheory]
    [InlineData("llama3_1", "e134af98", PretokenizerSplit.Llama3)]
    [InlineData("qwen3", "aeb13307", PretokenizerSplit.Qwen2)]
    internal void Ids_and_text_equal_the_reference_library(string name, string sha256Start, PretokenizerSplit split)
    {
        var tokenizer = Tokenizer.Load(Path.Combine(PublishedTheoryAttribute.Folder!, name));
        Assert.StartsWith(sha256Start, tokenizer.Sha256, StringComparison.Ordinal);
        Assert.Equal(split, tokenizer.Model.Split);
        TokenizerCases.AssertCases(tokenizer, Fixtures.Golden("tokenizers-hf", $"{name}.cases.jsonl"));
    }

    [PublishedTheory]
    [InlineData("llama3_1", "llama-bpe")]
    public void Ids_equal_the_cases_that_llama_cpp_publishes(string name, string cases)
    {
        var tokenizer = Tokenizer.Load(Path.Combine(PublishedTheoryAttribute.Folder!, name));
        var path = Fixtures.Outside("oracles", "tokenizer-cases", cases);
        if (File.Exists(path + ".inp"))
            TokenizerCases.AssertPublishedCases(tokenizer, path + ".inp", path + ".out");
    }

    [OutsideFact("oracles/tokenizer-cases/gpt2_vocab.json")]
    public void Gpt2_from_its_vocabulary_and_merges_gives_the_published_ids()
    {
        string At(string name) => Fixtures.Outside("oracles", "tokenizer-cases", name);
        using var folder = new TemporaryTokenizer(new
        {
            added_tokens = Array.Empty<object>(),
            pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, use_regex = true },
            decoder = new { type = "ByteLevel" },
            model = new
            {
                type = "BPE",
                vocab = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(At("gpt2_vocab.json"))),
                merges = File.ReadAllLines(At("gpt2_merges.txt"))
                .Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)),
            },
        });
        TokenizerCases.AssertPublishedCases(Tokenizer.Load(folder.Path), At("gpt-2.inp"), At("gpt-2.out"));
    }
}

/// <summary>A theory over tokenizers that are too large or not ours to bundle; the variable names the folder that holds them.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PublishedTheoryAttribute : TheoryAttribute
{
    public static string? Folder { get; } = Environment.GetEnvironmentVariable("ESPALIER_TOKENIZERS");

    public PublishedTheoryAttribute()
    {
        if (Folder is null)
            Skip = "set ESPALIER_TOKENIZERS to a folder with llama3_1/tokenizer.json and qwen3/tokenizer.json";
    }
}
