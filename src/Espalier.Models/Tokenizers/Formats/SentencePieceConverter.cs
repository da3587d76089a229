namespace Espalier.Models.Tokenizers.Formats;

/// <summary>
/// A model of SentencePiece in the form of tokenizer.json. Llama's, Gemma's and T5's classes become what transformers 5 makes of them; a
/// folder that names another class, or none, gets what SentencePiece itself does.
/// </summary>
internal static class SentencePieceConverter
{
    private const string WriteSpaces =
        """{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}""";

    private const string DropFirst = """,{"type":"Strip","content":" ","start":1,"stop":0}""";

    private const string WriteMarks = """{"type":"Replace","pattern":{"String":" "},"content":"▁"}""";

    /// <summary>The text of a tokenizer.json.</summary>
    public static byte[] Convert(string path)
    {
        var model = SentencePieceModel.Read(path);
        var name = TokenizerClass.NameIn(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return (name?.Replace("Fast", "", StringComparison.Ordinal) switch
        {
            "LlamaTokenizer" or "CodeLlamaTokenizer" when !model.IsUnigram => Llama(model, path),
            "GemmaTokenizer" when !model.IsUnigram => Gemma(model, path),
            "T5Tokenizer" when model.IsUnigram => T5(model, path),
            _ => Plain(model, path),
        }).Write(path);
    }

    private static ConvertedTokenizer Llama(SentencePieceModel model, string path)
    {
        var special = new SpecialTokens(path, Names("<s>", "</s>", "<unk>"));
        var prefix = special.Flag("add_prefix_space", true);
        var scheme = !prefix ? "never" : special.Flag("legacy", false) ? "always" : "first";
        return Bpe(model, special, fallback: true, unknown: null) with
        {
            PreTokenizer = $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":false}""",
            Decoder = $$"""{"type":"Sequence","decoders":[{{WriteSpaces}}{{(prefix ? DropFirst : "")}}]}""",
            Template = special.Around(bos: true, eos: false),
        };
    }

    private static ConvertedTokenizer Gemma(SentencePieceModel model, string path)
    {
        var special = new SpecialTokens(path, Names("<bos>", "<eos>", "<unk>", "<pad>", "<mask>"));
        return Bpe(model, special, fallback: true, special.Text("unk_token")) with
        {
            Normalizer = WriteMarks,
            PreTokenizer = """{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious"}""",
            Decoder = $$"""{"type":"Sequence","decoders":[{{WriteSpaces}}]}""",
            Template = special.Around(bos: true, eos: false),
        };
    }

    private static ConvertedTokenizer T5(SentencePieceModel model, string path)
    {
        var special = new SpecialTokens(path, new Dictionary<string, string>
        {
            ["eos_token"] = "</s>",
            ["unk_token"] = "<unk>",
            ["pad_token"] = "<pad>",
        });
        var count = special.ExtraIds ?? 100;
        if (count > 100_000)
            throw new EspalierException($"{path}: extra_ids is {count}, more than any model has");
        string[] extra = [.. Enumerable.Range(0, count).Select(static id => $"<extra_id_{id}>")];
        return Unigram(model, special, [.. extra.Reverse()], fallback: false, unknown: 2) with
        {
            Normalizer = model.Rules.Length > 0 ? Precompiled(model) : null,
            PreTokenizer = """
                {"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},
                {"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}]}
                """,
            Decoder = """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""",
            Template = ([], [special.Text("eos_token") ?? "</s>"]),
            Added = special.All([.. Own(model), .. extra.Select(static text => new AddedToken { Id = 0, Content = text, Special = true })]),
        };
    }

    private static ConvertedTokenizer Plain(SentencePieceModel model, string path)
    {
        var names = new Dictionary<string, string> { ["unk_token"] = model.UnknownPiece };
        if (model.BosPiece is { } bos)
            names["bos_token"] = bos;
        if (model.EosPiece is { } eos)
            names["eos_token"] = eos;
        var special = new SpecialTokens(path, names);
        // A piece of which the folder says that its id means another token has that one's name.
        for (var id = 0; id < model.Pieces.Count; id++)
            if (special.Declared.TryGetValue(id, out var declared) && declared.Content != model.Pieces[id].Text)
                model.Pieces[id] = model.Pieces[id] with { Text = declared.Content };
        var rewriting = new List<string>();
        if (model.Rules.Length > 0)
            rewriting.Add(Precompiled(model));
        if (model.RemovesSpaces)
            rewriting.Add(
                """{"type":"Strip","strip_left":true,"strip_right":true},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}""");
        return (model.IsUnigram ? Unigram(model, special, [], model.ByteFallback, model.UnknownId)
            : Bpe(model, special, model.ByteFallback, model.UnknownPiece)) with
        {
            Normalizer = rewriting.Count == 0 ? null : $$"""{"type":"Sequence","normalizers":[{{string.Join(',', rewriting)}}]}""",
            PreTokenizer = $$"""
                {"type":"Metaspace","replacement":"▁","prepend_scheme":"{{(model.AddsPrefix ? "first" : "never")}}","split":false}
                """,
            Decoder = $$"""{"type":"Sequence","decoders":[{{WriteSpaces}}{{(model.AddsPrefix ? DropFirst : "")}}]}""",
            Template = special.Around(bos: false, eos: false),
        };
    }

    private static ConvertedTokenizer Bpe(SentencePieceModel model, SpecialTokens special, bool fallback, string? unknown)
    {
        string[] tokens = [.. model.Pieces.Select(static piece => piece.Text)];
        var vocabulary = Ids(tokens);
        return new()
        {
            Type = "BPE",
            Model = json =>
            {
                if (unknown is not null)
                    json.WriteString("unk_token", unknown);
                json.WriteBoolean("fuse_unk", true);
                json.WriteBoolean("byte_fallback", fallback);
                ConvertedTokenizer.WriteBpe(json, vocabulary, TokenMerges.Of(tokens, tokens.Length, static left => left.Length));
            },
            Vocabulary = vocabulary,
            Added = special.All(Own(model)),
        };
    }

    private static ConvertedTokenizer Unigram(SentencePieceModel model, SpecialTokens special, string[] more, bool fallback, int unknown) =>
        new()
        {
            Type = "Unigram",
            Model = json =>
            {
                json.WriteNumber("unk_id", unknown);
                json.WriteBoolean("byte_fallback", fallback);
                json.WriteStartArray("vocab");
                foreach (var (text, score) in model.Pieces.Select(static piece => (piece.Text, (double)piece.Score))
                    .Concat(more.Select(static text => (text, 0d))))
                {
                    json.WriteStartArray();
                    json.WriteStringValue(text);
                    json.WriteNumberValue(score);
                    json.WriteEndArray();
                }
                json.WriteEndArray();
            },
            Vocabulary = Ids([.. model.Pieces.Select(static piece => piece.Text), .. more]),
            Added = special.All(Own(model)),
        };

    private static Dictionary<string, int> Ids(string[] tokens)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < tokens.Length; id++)
            ids[tokens[id]] = id;
        return ids;
    }

    // Control pieces and those that a user defined are cut out of the text.
    private static IEnumerable<AddedToken> Own(SentencePieceModel model) =>
        model.Pieces.Where(static piece => piece.Type is PieceType.Control or PieceType.UserDefined)
            .Select(static piece => new AddedToken { Id = 0, Content = piece.Text, Special = piece.Type == PieceType.Control });

    private static string Precompiled(SentencePieceModel model) =>
        $$"""{"type":"Precompiled","precompiled_charsmap":"{{System.Convert.ToBase64String(model.Rules)}}"}""";

    private static Dictionary<string, string> Names(string bos, string eos, string unknown, string? pad = null, string? mask = null)
    {
        var names = new Dictionary<string, string> { ["bos_token"] = bos, ["eos_token"] = eos, ["unk_token"] = unknown };
        if (pad is not null)
            names["pad_token"] = pad;
        if (mask is not null)
            names["mask_token"] = mask;
        return names;
    }
}
