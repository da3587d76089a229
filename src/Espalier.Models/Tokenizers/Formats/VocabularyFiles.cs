namespace Espalier.Models.Tokenizers.Formats;

/// <summary>
/// vocab.json and merges.txt, with the split that transformers gives the class that the folder names, or that its model has.
/// </summary>
internal sealed class VocabularyFiles(string path)
{
    private const string Qwen2Split = """
        (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+
        """;

    private const string EndOfText = "<|endoftext|>";

    private readonly string _folder = Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>The text of a tokenizer.json.</summary>
    public byte[] Convert()
    {
        var name = TokenizerClass.NameIn(_folder);
        var kind = name is null ? null : name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name;
        var vocabulary = ReadVocabulary();
        var merges = ReadMerges(Path.Combine(_folder, "merges.txt"));
        var special = new SpecialTokens(path, Defaults(kind));
        var prefix = special.Flag("add_prefix_space", false) ? "true" : "false";
        var byteLevel = $$"""{"type":"ByteLevel","add_prefix_space":{{prefix}}}""";
        var (normalizer, split, template) = kind switch
        {
            "GPT2Tokenizer" or "CodeGenTokenizer" => ((string?)null, byteLevel, special.Around(false, false)),
            "GPTNeoXTokenizer" => ("""{"type":"NFC"}""", byteLevel, special.Around(false, false)),
            "Qwen2Tokenizer" => ("""{"type":"NFC"}""",
                $$$"""
                {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"{{{Qwen2Split}}}"},"behavior":"Isolated"},
                {"type":"ByteLevel","add_prefix_space":{{{prefix}}},"use_regex":false}]}
                """, special.Around(false, false)),
            "RobertaTokenizer" or "BartTokenizer" => (null, byteLevel, ((string[])[Named("cls_token")], (string[])[Named("sep_token")])),
            _ => throw new EspalierException(
                $"{path}: no file says how its text is split: tokenizer_config.json "
                    + (name is null ? "names no tokenizer_class, and config.json no model_type with a known one"
                        : $"names tokenizer_class '{name}', which is not one of the known ones")
                    + " (GPT2Tokenizer, GPTNeoXTokenizer, CodeGenTokenizer, Qwen2Tokenizer, RobertaTokenizer, BartTokenizer): "
                    + "name the right one there, or download tokenizer.json"),
        };
        return new ConvertedTokenizer
        {
            Type = "BPE",
            Model = json => ConvertedTokenizer.WriteBpe(json, vocabulary, merges),
            Vocabulary = vocabulary,
            Normalizer = normalizer,
            PreTokenizer = split,
            Decoder = ConvertedTokenizer.ByteLevelDecoder,
            Template = template,
            Added = special.All([]),
        }.Write(path);

        string Named(string key) => special.Text(key)
            ?? throw new EspalierException($"{path}: {name} adds {key} to each text, but no file names one");
    }

    private static Dictionary<string, string> Defaults(string? kind) => kind switch
    {
        "Qwen2Tokenizer" => new() { ["eos_token"] = EndOfText, ["unk_token"] = EndOfText, ["pad_token"] = EndOfText },
        "GPTNeoXTokenizer" => new()
        {
            ["bos_token"] = EndOfText,
            ["eos_token"] = EndOfText,
            ["unk_token"] = EndOfText,
            ["pad_token"] = "<|padding|>",
        },
        "RobertaTokenizer" or "BartTokenizer" => new()
        {
            ["bos_token"] = "<s>",
            ["eos_token"] = "</s>",
            ["unk_token"] = "<unk>",
            ["sep_token"] = "</s>",
            ["pad_token"] = "<pad>",
            ["cls_token"] = "<s>",
            ["mask_token"] = "<mask>",
        },
        _ => new() { ["bos_token"] = EndOfText, ["eos_token"] = EndOfText, ["unk_token"] = EndOfText },
    };

    private Dictionary<string, int> ReadVocabulary()
    {
        var (document, root, _) = TokenizerFile.Parse(path);
        using (document)
            return root.Members()
                .ToDictionary(static member => member.Name, static member => member.Value.Natural(), StringComparer.Ordinal);
    }

    private static List<(string Left, string Right)> ReadMerges(string path)
    {
        var merges = new List<(string, string)>();
        var number = 0;
        foreach (var line in System.Text.Encoding.UTF8.GetString(SmallFile.ReadBytes(path, TokenizerFile.LongestFile)).Split('\n'))
        {
            number++;
            // The first line may name a version; later on, '#' is a token like any other.
            if (line.AsSpan().Trim().IsEmpty || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
                continue;
            merges.Add(line.TrimEnd('\r').Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right)
                : throw new EspalierException($"{path}: line {number}: a merge is two tokens with one space between them."));
        }
        return merges;
    }
}
