using System.Text.Json;
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
    [InlineData("llama3-bpe")]
    [InlineData("llama2-byte-fallback")]
    public void Ids_are_those_of_the_tokenizer_that_was_exported(string name)
    {
        var source = Fixtures.Golden("tokenizers-hf", name);
        var before = Tokenizer.Load(source);
        var after = RoundTrip(before, Path.Combine(source, "tokenizer.json"));

        Assert.Equal(before.VocabularySize, after.VocabularySize);
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

    /// <summary>llama.cpp has a name of the same split for some models; published files of Nemotron-H say pixtral.</summary>
    [Theory]
    [InlineData("pixtral")]
    [InlineData("falcon-h1")]
    [InlineData("lfm2")]
    public void Other_names_of_Llama_3s_split_are_that_split(string name)
    {
        Assert.Equal(ImportedSplit.Of("llama-bpe", false, "f").ToJsonString(), ImportedSplit.Of(name, false, "f").ToJsonString());
        Assert.Equal((true, true), (ImportedSplit.TakesWholeWords(name), ImportedSplit.AddsBos(name)));
    }

    private Tokenizer RoundTrip(Tokenizer tokenizer, string file)
    {
        var metadata = new GgufMetadata();
        metadata.Add("general.architecture", "llama");
        GgufVocabulary.Describe(tokenizer.Model, tokenizer.VocabularySize, file, metadata);
        if (tokenizer.BosId is { } bos)
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
