using Espalier.Files;

namespace Espalier.Models.Tokenizers;

public sealed partial class Tokenizer
{
    private const char Mark = '\u2581';

    /// <summary>
    /// Reads <c>tokenizer.json</c>, the names of BOS and EOS from <c>tokenizer_config.json</c> or <c>special_tokens_map.json</c> beside it,
    /// and whether they are added: classes of Llama's kind say so by <c>add_bos_token</c> and <c>add_eos_token</c>, all others by the
    /// template in <c>tokenizer.json</c>.
    /// </summary>
    /// <param name="folderOrFile">A Hugging Face folder, or the file itself.</param>
    /// <exception cref="EspalierException">
    /// The file is missing, damaged or contradicts itself, or asks for a feature that is not supported (which is named).
    /// </exception>
    public static Tokenizer Load(string folderOrFile)
    {
        var path = TokenizerFile.Locate(folderOrFile);
        var (document, root, sha256) = TokenizerFile.Parse(path);
        using (document)
            return new Tokenizer(root, path, sha256);
    }

    /// <summary><see cref="Disagreement"/> of the tokenizer in a folder; null too where there is none, or none that can be read.</summary>
    public static string? DisagreementIn(string folder)
    {
        try
        {
            return File.Exists(Path.Combine(folder, "tokenizer.json")) ? Load(folder).Disagreement : null;
        }
        catch (EspalierException)
        {
            return null; // Weights may be written without a tokenizer that is understood here.
        }
    }

    private Tokenizer(TokenizerNode root, string path, string sha256)
    {
        var model = root["model"];
        RefuseOtherModels(model);
        var words = VocabularyReader.Read(root);
        (_ids, _tokens, Sha256) = (words.AllTokens, words.Tokens, sha256);
        _special = [.. words.AddedTokens.Where(token => token.Special).Select(token => token.Id)];

        _normalize = Normalizers.Read(root["normalizer"]);
        var preTokenizers = PreTokenizers.Read(root["pre_tokenizer"], Normalizers.LeavesNoSpace(root["normalizer"]));
        var described = Normalizers.Describe(root["normalizer"], Mark.ToString());
        if (!preTokenizers.ByteLevel && !described.WritesMark && preTokenizers.Mark is null)
            throw root["pre_tokenizer"].Refuse(
                "neither ByteLevel nor Metaspace (nor a normalizer that writes U+2581 for the space): this kind of BPE is not supported.");

        var options = new BpeOptions
        {
            Vocabulary = words.Vocabulary,
            Merges = words.Table,
            ByteLevel = preTokenizers.ByteLevel,
            IgnoreMerges = model["ignore_merges"].Flag(false),
            ByteFallback = model["byte_fallback"].Flag(false),
            FuseUnknown = model["fuse_unk"].Flag(false),
            UnknownId = UnknownId(model["unk_token"], words.Vocabulary, preTokenizers.ByteLevel),
        };
        WordStep last = new BpeStep(options);
        if (!options.ByteLevel && !options.IgnoreMerges && words.Vocabulary.ContainsKey(Mark.ToString())
            && !words.Merges.Exists(MergesAcrossMark))
            last = new MarkBoundaryStep(Mark, last);
        _words = preTokenizers.Build(last);

        _raw = new(words.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalized = new(words.AddedTokens.Where(token => token.Normalized)
            .Select(token => (_normalize?.Invoke(token.Content) ?? token.Content, token)));
        _decoders = Decoders.Read(root["decoder"]);
        var template = PostProcessor.Read(root["post_processor"], id => TokenText(id) is not null);

        var kind = TokenizerClass.Of(path);
        BosId = SpecialId(path, "bos_token", kind?.Bos, template.Before.Count > 0 ? template.Before[0] : null);
        EosId = SpecialId(path, "eos_token", kind?.Eos, template.After.Count > 0 ? template.After[^1] : null);
        _post = kind?.Replace(template, BosId, EosId) ?? template;
        // Two folders with one tokenizer.json give other ids where the flags beside it differ.
        if (!_post.Before.SequenceEqual(template.Before) || !_post.After.SequenceEqual(template.After))
        {
            Disagreement = $"{path}: its template puts {Around(template)} around a text, and {kind!.Name} by add_bos_token and "
                + $"add_eos_token {Around(_post)}, which counts here and in transformers 4; transformers 5 and others that go by the "
                + "template alone give other ids: make the two say the same";
            Sha256 = ContentHash.OfText($"{sha256} {string.Join(',', _post.Before)} {string.Join(',', _post.After)}");
        }

        Model = new()
        {
            Kind = options.ByteLevel ? TokenizerKind.ByteLevelBpe : TokenizerKind.MetaspaceBpe,
            Tokens = _tokens,
            Merges = words.Merges,
            AddedTokens = words.AddedTokens,
            AddsBos = BosId is not null && _post.Before.Count > 0 && _post.Before[0] == BosId,
            AddsEos = EosId is not null && _post.After.Count > 0 && _post.After[^1] == EosId,
            Before = _post.Before,
            After = _post.After,
            AddPrefixSpace = preTokenizers.PrefixesSpace || described.Prepends,
            PrefixesStartAlone = preTokenizers.PrefixesStartAlone,
            NormalizerPrepends = described.Prepends,
            Split = preTokenizers.Split,
            Normalizers = [.. Normalizers.Others(root["normalizer"], Mark.ToString())],
            ByteFallback = options.ByteFallback,
            IgnoreMerges = options.IgnoreMerges,
            UnknownId = options.UnknownId,
        };
    }

    private string Around(PostProcessor post) =>
        post.Before.Count + post.After.Count == 0 ? "nothing"
            : string.Join(' ', [.. post.Before.Select(TokenText), "TEXT", .. post.After.Select(TokenText)]);

    private static void RefuseOtherModels(TokenizerNode model)
    {
        if (model.IsNull)
            throw model.Refuse("there is no model.");
        // Files of before 2020 name no type; merges tell that it is BPE.
        if (model["type"].Text(model["merges"].IsNull ? "" : "BPE") is var type && type != "BPE")
            throw model.Refuse($"model type '{type}' is not supported; BPE is.");
        if (model["dropout"].Number(0) != 0)
            throw model["dropout"].Refuse("merges that drop out at random are not supported; set it to null.");
        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (model[name].Text("").Length > 0)
                throw model[name].Refuse($"'{model[name].Text()}': marks inside words are not supported.");
    }

    private static int? UnknownId(TokenizerNode node, Dictionary<string, int> vocabulary, bool byteLevel)
    {
        if (node.IsNull)
            return null;
        if (vocabulary.TryGetValue(node.Text(), out var id))
            return id;
        // Where every byte is a token, nothing can be unknown and the name does not matter.
        if (byteLevel && Enumerable.Range(0, 256).All(value => vocabulary.ContainsKey(ByteAlphabet.ToCharacter((byte)value).ToString())))
            return null;
        throw node.Refuse($"'{node.Text()}' is not in the vocabulary.");
    }

    private static bool MergesAcrossMark((string Left, string Right) merge)
    {
        var token = merge.Left + merge.Right;
        return token.AsSpan().TrimStart(Mark).Contains(Mark);
    }

    private int? SpecialId(string path, string key, string? ofClass, int? fromTemplate)
    {
        var (known, text) = TokenizerFile.SpecialToken(path, key);
        return known ? text is null ? null : TokenId(text)
            : (ofClass is null ? null : TokenId(ofClass)) ?? fromTemplate;
    }
}
