namespace Espalier.Models.Tokenizers.Formats;

/// <summary>The JSON documents that make a tokenizer: tokenizer.json, and what the files beside it say about BOS and EOS.</summary>
internal static class TokenizerFile
{
    /// <summary>Bytes of the longest file that is read.</summary>
    public const long LongestFile = 1L << 29;

    private const int MaxDepth = 32;

    /// <summary>Reads a tokenizer in any of its forms, as tokenizer.json has it; its SHA-256 is in lower-case hexadecimal.</summary>
    public static (JsonDocument Document, TokenizerNode Root, string Sha256) Open(string path)
    {
        var (bytes, sha256) = TokenizerSource.Read(path);
        var document = JsonFile.Open(bytes, path, MaxDepth);
        return (document, new(document.RootElement, path, ""), sha256);
    }

    /// <summary>Parses a file; its SHA-256 is in lower-case hexadecimal.</summary>
    public static (JsonDocument Document, TokenizerNode Root, string Sha256) Parse(string path)
    {
        var bytes = SmallFile.ReadBytes(path, LongestFile);
        var document = JsonFile.Open(bytes, path, MaxDepth);
        return (document, new(document.RootElement, path, ""), ContentHash.OfBytes(bytes));
    }

    /// <summary>
    /// Reads a file beside tokenizer.json where there is one. Python writes and reads it: NaN in it, or a key that stands twice, is
    /// nobody's harm (<see cref="JsonFile"/>).
    /// </summary>
    public static void ReadBeside(string path, Action<TokenizerNode> read)
    {
        if (!File.Exists(path))
            return;
        var (document, root) = ParseBeside(path);
        using (document)
            read(root);
    }

    private static (JsonDocument Document, TokenizerNode Root) ParseBeside(string path)
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
