using System.Text.Json;
using Espalier.Files;

namespace Espalier.Models.Tokenizers.Formats;

/// <summary>The JSON documents that make a tokenizer: tokenizer.json, and what the files beside it say about BOS and EOS.</summary>
internal static class TokenizerFile
{
    private const long LongestFile = 1L << 29;

    private const int MaxDepth = 32;

    /// <summary>The path of tokenizer.json for a folder or for the file itself.</summary>
    public static string Locate(string folderOrFile)
    {
        var path = Directory.Exists(folderOrFile) ? Path.Combine(folderOrFile, "tokenizer.json") : folderOrFile;
        return File.Exists(path) ? path
            : throw new EspalierException($"{path}: there is no such file; {Instead(Path.GetDirectoryName(Path.GetFullPath(path))!)}");
    }

    /// <summary>What lies there in its place, and how it becomes tokenizer.json.</summary>
    private static string Instead(string folder)
    {
        bool Has(string name) => File.Exists(Path.Combine(folder, name));
        const string Convert = "make tokenizer.json with transformers: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)";
        return Has("tokenizer.model")
            ? $"tokenizer.model, of SentencePiece, is not read: {Convert}, or download tokenizer.json from the model's page"
            : Has("tekken.json")
            ? "tekken.json, of Mistral's own format, is not read: download tokenizer.json and tokenizer_config.json from the model's page, "
                + "or take them from another model of the same tokenizer"
            : Has("vocab.json") && Has("merges.txt") ? $"vocab.json and merges.txt are not read: {Convert}"
            : "a tokenizer is read from tokenizer.json: download it into the folder.";
    }

    /// <summary>Parses a file; its SHA-256 is in lower-case hexadecimal.</summary>
    public static (JsonDocument Document, TokenizerNode Root, string Sha256) Parse(string path)
    {
        var bytes = SmallFile.ReadBytes(path, LongestFile);
        var document = JsonFile.Open(bytes, path, MaxDepth);
        return (document, new(document.RootElement, path, ""), ContentHash.OfBytes(bytes));
    }

    /// <summary>
    /// Parses a file beside tokenizer.json, which Python writes and reads: NaN in it, or a key that stands twice, is nobody's
    /// harm (<see cref="JsonFile"/>).
    /// </summary>
    public static (JsonDocument Document, TokenizerNode Root) ParseBeside(string path)
    {
        try
        {
            var (document, root, _) = Parse(path);
            return (document, root);
        }
        catch (EspalierException)
        {
            var document = JsonDocument.Parse(JsonFile.Read(path, (int)LongestFile).ToJsonString());
            return (document, new(document.RootElement, path, ""));
        }
    }

    /// <summary>
    /// What tokenizer_config.json, else special_tokens_map.json beside the file names as <paramref name="key"/>: its text,
    /// null where the value is null; <c>Known</c> is false where neither names it.
    /// </summary>
    public static (bool Known, string? Text) SpecialToken(string tokenizerPath, string key)
    {
        foreach (var name in new[] { "tokenizer_config.json", "special_tokens_map.json" })
        {
            var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(tokenizerPath))!, name);
            if (!File.Exists(path))
                continue;
            var (document, root) = ParseBeside(path);
            using (document)
            {
                if (document.RootElement.ValueKind == JsonValueKind.Object && !document.RootElement.TryGetProperty(key, out _))
                    continue;
                var value = root[key];
                return (true, value.IsNull ? null : value.IsString ? value.Text() : value["content"].Text());
            }
        }
        return (false, null);
    }
}
