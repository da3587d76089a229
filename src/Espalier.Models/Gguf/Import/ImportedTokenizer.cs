using System.Text;
using System.Text.Encodings.Web;

namespace Espalier.Models.Gguf.Import;

/// <summary>
/// The tokenizer files of a Hugging Face folder, from the keys <c>tokenizer.*</c> of a GGUF file: the ids that llama.cpp gives. What GGUF
/// does not say (a normalizer such as NFC) is not made up.
/// </summary>
internal sealed class ImportedTokenizer
{
    // The numbers are llama.cpp's enum llama_token_type.
    private const int Unknown = 2, Control = 3, UserDefined = 4, Unused = 5;

    private readonly GgufFile _file;
    private readonly string[] _tokens;
    private readonly int[] _types;
    private readonly bool _isBytes;

    private ImportedTokenizer(GgufFile file, int vocabularySize)
    {
        _file = file;
        _isBytes = file.Metadata.Get<string>("tokenizer.ggml.model") switch
        {
            "gpt2" => true,
            "llama" => false,
            var kind =>
                throw new EspalierException($"{file.Path}: a vocabulary of kind '{kind}' is not supported; known: gpt2 and llama"),
        };
        _tokens = file.Metadata.Get<string[]>("tokenizer.ggml.tokens");
        if (_tokens.Length > vocabularySize)
            throw new EspalierException($"{file.Path}: has {_tokens.Length} tokens but an embedding table of {vocabularySize} rows");
        if (_tokens.Distinct(StringComparer.Ordinal).Count() < _tokens.Length)
            throw new EspalierException($"{file.Path}: tokenizer.ggml.tokens contains a token twice");
        _types = file.Metadata.Find("tokenizer.ggml.token_type") switch
        {
            int[] list when list.Length == _tokens.Length => list,
            null => new int[_tokens.Length],
            _ => throw new EspalierException($"{file.Path}: tokenizer.ggml.token_type is not a list of {_tokens.Length} numbers"),
        };
    }

    /// <summary>The files, by name.</summary>
    /// <param name="file">The GGUF file.</param>
    /// <param name="vocabularySize">Rows of the embedding table.</param>
    /// <exception cref="EspalierException">The file's vocabulary is of a kind that is not read, or not of this model.</exception>
    public static IReadOnlyDictionary<string, string> Files(GgufFile file, int vocabularySize)
    {
        var one = new ImportedTokenizer(file, vocabularySize);
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["tokenizer.json"] = Text(one.Tokenizer()),
            ["tokenizer_config.json"] = Text(one.Config()),
        };
        if (file.Metadata.Find("tokenizer.chat_template") is string template)
            files["chat_template.jinja"] = template;
        return files;
    }

    private string Pre => _file.Metadata.Find("tokenizer.ggml.pre") as string ?? "default";

    // Where the file is silent, llama.cpp puts BOS before texts of SentencePiece's and Llama 3's vocabularies.
    private bool AddsBos => Flag("tokenizer.ggml.add_bos_token") ?? (!_isBytes || ImportedSplit.AddsBos(Pre));

    private bool AddsEos => Flag("tokenizer.ggml.add_eos_token") ?? false;

    private bool AddsSpace => Flag("tokenizer.ggml.add_space_prefix") ?? !_isBytes;

    private int? UnknownId =>
        Id(ImportedIds.Unknown) ?? (!_isBytes && Array.IndexOf(_types, Unknown) is >= 0 and var first ? first : null);

    private bool? Flag(string key) => _file.Metadata.Find(key) as bool?;

    private int? Id(string key) => ImportedIds.Of(_file, key);

    private JsonObject Config()
    {
        var config = new JsonObject { ["add_bos_token"] = AddsBos, ["add_eos_token"] = AddsEos };
        foreach (var (name, id) in new[] { ("bos_token", Id(ImportedIds.Bos)), ("eos_token", Id(ImportedIds.Eos)),
            ("pad_token", Id(ImportedIds.Padding)), ("unk_token", UnknownId) })
            if (id is { } token)
                config[name] = _tokens[token];
        config["clean_up_tokenization_spaces"] = false;
        config["tokenizer_class"] = "PreTrainedTokenizerFast";
        return config;
    }

    private JsonObject Tokenizer() => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. Enumerable.Range(0, _tokens.Length).Where(IsAdded).Select(Added)]),
        ["normalizer"] = _isBytes ? null : Marks(),
        ["pre_tokenizer"] = _isBytes ? ImportedSplit.Of(Pre, AddsSpace, _file.Path) : null,
        ["post_processor"] = Template(),
        ["decoder"] = _isBytes ? Parsed("""{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}""")
            : Spaces(),
        ["model"] = Model(),
    };

    private JsonObject Model()
    {
        var vocabulary = new JsonObject();
        for (var id = 0; id < _tokens.Length; id++)
            if (_types[id] != Unused)
                vocabulary.Add(_tokens[id], id);
        return new()
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = UnknownId is { } unknown ? _tokens[unknown] : null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = !_isBytes,
            ["byte_fallback"] = !_isBytes,
            ["ignore_merges"] = _isBytes && ImportedSplit.TakesWholeWords(Pre),
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. (_isBytes ? Merges() : ImportedMerges.OfScores(_file, _tokens, _types))
                .Select(static merge => new JsonArray(merge.Left, merge.Right))]),
        };
    }

    private IEnumerable<(string Left, string Right)> Merges() => _file.Metadata.Get<string[]>("tokenizer.ggml.merges").Select(merge =>
        merge.IndexOf(' ', Math.Min(1, merge.Length)) is > 0 and var space ? (merge[..space], merge[(space + 1)..])
            : throw new EspalierException($"{_file.Path}: tokenizer.ggml.merges has '{merge}', which is not a pair"));

    private bool IsAdded(int id) => _types[id] is Control or UserDefined || id == UnknownId;

    private JsonObject Added(int id) => new()
    {
        ["id"] = id,
        ["content"] = _tokens[id],
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = _types[id] != UserDefined,
    };

    private JsonObject? Template()
    {
        (string Token, int Id)? before = AddsBos && Id(ImportedIds.Bos) is { } bos ? (_tokens[bos], bos) : null;
        (string Token, int Id)? after = AddsEos && Id(ImportedIds.Eos) is { } eos ? (_tokens[eos], eos) : null;
        if (before is null && after is null)
            return null;
        var special = new JsonObject();
        foreach (var (token, id) in new[] { before, after }.OfType<(string Token, int Id)>().DistinctBy(static one => one.Id))
            special[token] = new JsonObject { ["id"] = token, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(token) };
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. Around("A", 0)]),
            ["pair"] = new JsonArray([.. Around("A", 0), .. Around("B", 1)]),
            ["special_tokens"] = special,
        };

        IEnumerable<JsonNode> Around(string sequence, int type)
        {
            if (before is { } first)
                yield return Piece("SpecialToken", first.Token, type);
            yield return Piece("Sequence", sequence, type);
            if (after is { } last)
                yield return Piece("SpecialToken", last.Token, type);
        }

        static JsonNode Piece(string kind, string id, int type) =>
            new JsonObject { [kind] = new JsonObject { ["id"] = id, ["type_id"] = type } };
    }

    private JsonNode Marks() => AddsSpace
        ? Parsed("""
            {"type": "Sequence", "normalizers":
              [{"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}
            """)
        : Parsed("""{"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}""");

    private JsonObject Spaces()
    {
        var steps = (JsonArray)Parsed("""
            [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]
            """);
        if (AddsSpace)
            steps.Add(Parsed("""{"type": "Strip", "content": " ", "start": 1, "stop": 0}"""));
        return new JsonObject { ["type"] = "Sequence", ["decoders"] = steps };
    }

    private static JsonNode Parsed(string json) => JsonNode.Parse(json)!;

    private static string Text(JsonObject document)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            document.WriteTo(writer);
        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)) + "\n";
    }
}
