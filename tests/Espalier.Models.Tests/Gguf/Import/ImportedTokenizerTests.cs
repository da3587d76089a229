using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Gguf.Import;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Import;

public sealed class ImportedTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tokenizers-hf", "llama3-bpe")]
    [InlineData("tokenizers-hf", "llama2-byte-fallback")]
    [InlineData("tokenizers-kinds", "bpe-o200k")]
    [InlineData("tokenizers-kinds", "bpe-deepseek3")]
    [InlineData("tokenizers-kinds", "bpe-falcon")]
    public void Ids_are_those_of_the_tokenizer_that_was_exported(string kinds, string name)
    {
        var source = Fixtures.Golden(kinds, name);
        var before = Tokenizer.Load(source);
        var after = RoundTrip(before, Path.Combine(source, "tokenizer.json"));

        Assert.Equal((before.VocabularySize, before.Model.Split), (after.VocabularySize, after.Model.Split));
        foreach (var line in File.ReadLines(Path.Combine(source, "cases.jsonl")))
        {
            using var golden = JsonDocument.Parse(line);
            var text = golden.RootElement.GetProperty("text").GetString()!;
            // Whether an added token swallows what is beside it is not in the file.
            if (before.Model.AddedTokens.Any(token => (token.LeftStrip || token.RightStrip || token.SingleWord || token.Normalized)
                && text.Contains(token.Content, StringComparison.Ordinal)))
                continue;
            Assert.Equal(golden.RootElement.GetProperty("ids").EnumerateArray().Select(static id => id.GetInt32()), after.Encode(text));
        }
    }

    [Fact]
    public void The_bundled_teachers_files_say_the_same_again()
    {
        var before = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        var after = RoundTrip(before, "tokenizer.json");
        Assert.Equal(before.Model.Tokens, after.Model.Tokens);
        Assert.Equal(before.Model.Merges, after.Model.Merges);
        Assert.Equal(before.Model.AddedTokens.Select(static token => (token.Id, token.Content, token.Special)),
            after.Model.AddedTokens.Select(static token => (token.Id, token.Content, token.Special)));
        Assert.Equal((before.BosId, before.EosId, before.Model.Split), (after.BosId, after.EosId, after.Model.Split));
    }

    [Theory]
    [InlineData("llama4", PretokenizerSplit.Gpt4o)]
    [InlineData("dbrx", PretokenizerSplit.Llama3)]
    [InlineData("stablelm2", PretokenizerSplit.Qwen2)]
    [InlineData("starcoder", PretokenizerSplit.DigitsThenGpt2)]
    [InlineData("olmo", PretokenizerSplit.Gpt2)]
    internal void Names_of_one_split_are_that_split(string pre, PretokenizerSplit split)
    {
        var before = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        Assert.Equal(split, RoundTrip(before, "tokenizer.json", pre).Model.Split);
    }

    [Fact]
    public void A_split_that_is_not_read_is_refused_with_those_that_are()
    {
        var before = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        var error = Assert.Throws<EspalierException>(() => RoundTrip(before, "tokenizer.json", "bloom"));
        Assert.Contains("the split 'bloom' (tokenizer.ggml.pre) is not supported; known: dbrx", error.Message, StringComparison.Ordinal);
    }

    private Tokenizer RoundTrip(Tokenizer tokenizer, string file, string? pre = null)
    {
        var (described, metadata) = (new GgufMetadata(), new GgufMetadata());
        metadata.Add("general.architecture", "llama");
        GgufVocabulary.Describe(tokenizer.Model, tokenizer.VocabularySize, file, described);
        foreach (var (key, value) in described)
            metadata.Add(key, key == "tokenizer.ggml.pre" ? pre ?? value : value);
        if ((tokenizer.BosId ?? tokenizer.Model.Before.Cast<int?>().FirstOrDefault()) is { } bos)
            metadata.Add(ImportedIds.Bos, (uint)bos);
        if (tokenizer.EosId is { } eos)
            metadata.Add(ImportedIds.Eos, (uint)eos);
        var path = Path.Combine(_folder.Path, "vocabulary.gguf");
        GgufWriter.Write(path, metadata, [new("none", GgufType.F32, [1], static (_, rows) => rows.Clear())]);
        using var gguf = GgufFile.Open(path);
        foreach (var (name, text) in ImportedTokenizer.Files(gguf, tokenizer.VocabularySize))
            File.WriteAllText(Path.Combine(_folder.Path, name), text);
        return Tokenizer.Load(_folder.Path);
    }
}
