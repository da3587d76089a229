namespace Espalier.Tests.Tokenizers;

/// <summary>A folder with a tokenizer.json made for one test.</summary>
internal sealed class TemporaryTokenizer : IDisposable
{
    public TemporaryTokenizer(object json) : this(JsonSerializer.Serialize(json))
    {
    }

    public TemporaryTokenizer(string text) => System.IO.File.WriteAllText(File(), text);

    public string Path { get; } = Directory.CreateTempSubdirectory("espalier-tokenizer-").FullName;

    /// <summary>The smallest byte-level tokenizer that is complete: the 256 bytes, two merges, one special token.</summary>
    public static JsonObject ByteLevel()
    {
        var vocabulary = new JsonObject();
        for (var value = 0; value < 256; value++)
            vocabulary.Add(Models.Tokenizers.Bpe.ByteAlphabet.ToCharacter((byte)value).ToString(), value);
        vocabulary.Add("he", 256);
        vocabulary.Add("hel", 257);
        return new()
        {
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 258, ["content"] = "<s>", ["special"] = true }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray("h e", "he l") },
        };
    }

    public string File(string name = "tokenizer.json") => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
