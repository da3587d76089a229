using Espalier.Models.Tokenizers.Detokenizing;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Models.Tokenizers.Normalizing;
using Espalier.Models.Tokenizers.Splitting;

namespace Espalier.Models.Tokenizers;

public sealed partial class Tokenizer
{
    private const char Mark = '\u2581';

    /// <summary>
    /// Reads <c>tokenizer.json</c>, the names of BOS and EOS from <c>tokenizer_config.json</c> or <c>special_tokens_map.json</c> beside it,
    /// and whether they are added: classes of Llama's kind say so by <c>add_bos_token</c> and <c>add_eos_token</c>, all others by the
    /// template in <c>tokenizer.json</c>. Where there is no tokenizer.json: <c>tekken.json</c>, SentencePiece's <c>tokenizer.model</c> or
    /// <c>spiece.model</c>, or <c>vocab.json</c> with <c>merges.txt</c>, converted in memory as transformers converts them.
    /// </summary>
    /// <param name="folderOrFile">A Hugging Face folder, or the file itself.</param>
    /// <exception cref="EspalierException">
    /// The file is missing, damaged or contradicts itself, or asks for a feature that is not supported (which is named).
    /// </exception>
    public static Tokenizer Load(string folderOrFile)
    {
        var path = TokenizerSource.Locate(folderOrFile);
        var (document, root, sha256) = TokenizerFile.Open(path);
        using (document)
            return new Tokenizer(root, path, sha256);
    }

    /// <summary><see cref="Disagreement"/> of the tokenizer in a folder; also null if there is no readable tokenizer.</summary>
    public static string? DisagreementIn(string folder)
    {
        try
        {
            return TokenizerSource.IsIn(folder) ? Load(folder).Disagreement : null;
        }
        catch (EspalierException)
        {
            return null; // Weights may be written without a tokenizer that is understood here.
        }
    }

    private Tokenizer(TokenizerNode root, string path, string sha256)
    {
        var model = root["model"];
        _ = ModelReader.NameOf(model);
        var words = VocabularyReader.Read(root);
        (_ids, _tokens, Sha256) = (words.AllTokens, words.Tokens, sha256);
        _special = [.. words.AddedTokens.Where(token => token.Special).Select(token => token.Id)];

        _normalize = Normalizers.Read(root["normalizer"]);
        var preTokenizers = PreTokenizers.Read(root["pre_tokenizer"], Normalizers.LeavesNoSpace(root["normalizer"]));
        var described = Normalizers.Describe(root["normalizer"], Mark.ToString());
        var marks = described.WritesMark || preTokenizers.Mark is not null;
        var (kind, last, unknown) = ModelReader.Read(model, words, preTokenizers, marks);
        _words = preTokenizers.Build(last);

        _raw = new(words.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalized = new(words.AddedTokens.Where(token => token.Normalized)
            .Select(token => (_normalize?.Invoke(token.Content) ?? token.Content, token)));
        _decoders = Decoders.Read(root["decoder"]);
        var template = PostProcessor.Read(root["post_processor"], id => TokenText(id) is not null);

        var ofClass = TokenizerClass.Of(path);
        BosId = SpecialId(path, "bos_token", ofClass?.Bos, template.Before.Count > 0 ? template.Before[0] : null);
        EosId = SpecialId(path, "eos_token", ofClass?.Eos, template.After.Count > 0 ? template.After[^1] : null);
        _post = ofClass?.Replace(template, BosId, EosId) ?? template;
        // Two folders with one tokenizer.json give other ids where the flags beside it differ.
        if (!_post.Before.SequenceEqual(template.Before) || !_post.After.SequenceEqual(template.After))
        {
            Disagreement = $"{path}: its template puts {Around(template)} around a text, and {ofClass!.Name} by add_bos_token and "
                + $"add_eos_token {Around(_post)}, which is used here and in transformers 4; transformers 5 and others that use the "
                + "template alone give other ids: make the two agree";
            Sha256 = ContentHash.OfText($"{sha256} {string.Join(',', _post.Before)} {string.Join(',', _post.After)}");
        }

        Model = new()
        {
            Kind = kind,
            Tokens = _tokens,
            Merges = words.Merges,
            AddedTokens = words.AddedTokens,
            AddsBos = BosId is not null && _post.Before.Count > 0 && _post.Before[0] == BosId,
            AddsEos = EosId is not null && _post.After.Count > 0 && _post.After[^1] == EosId,
            Before = _post.Before,
            After = _post.After,
            AddPrefixSpace = preTokenizers.PrefixesSpace || described.Prepends,
            PrefixesStartAlone = preTokenizers.Scheme == PrependScheme.First,
            NormalizerPrepends = described.Prepends,
            Split = preTokenizers.Split,
            Normalizers = [.. Normalizers.Others(root["normalizer"], Mark.ToString())],
            ByteFallback = model["byte_fallback"].Flag(false),
            IgnoreMerges = model["ignore_merges"].Flag(false),
            UnknownId = unknown,
            Scores = [.. words.Pieces.Select(static piece => (float)piece.Score)],
        };
    }

    private string Around(PostProcessor post) =>
        post.Before.Count + post.After.Count == 0 ? "nothing"
            : string.Join(' ', [.. post.Before.Select(TokenText), "TEXT", .. post.After.Select(TokenText)]);

    private int? SpecialId(string path, string key, string? ofClass, int? fromTemplate)
    {
        var (known, text) = TokenizerFile.SpecialToken(path, key);
        return known ? text is null ? null : TokenId(text)
            : (ofClass is null ? null : TokenId(ofClass)) ?? fromTemplate;
    }
}
