using System.Collections.Concurrent;
using Espalier.Models.Tokenizers.Detokenizing;

namespace Espalier.Models.Tokenizers;

/// <summary>
/// A byte-pair tokenizer as <c>tokenizer.json</c> describes it, with the ids and the text of Hugging Face's library. Truncation
/// and padding that a file may ask for are left to the caller, as transformers does. Safe for use from several threads.
/// </summary>
public sealed partial class Tokenizer
{
    // A buffer of a longer text is not kept for the next one.
    private const int MostKept = 1 << 20;

    private readonly ConcurrentBag<IdBuffer> _buffers = [];
    private readonly Dictionary<string, int> _ids;
    private readonly string?[] _tokens;
    private readonly HashSet<int> _special;
    private readonly Func<string, string>? _normalize;
    private readonly AddedTokenMatcher _raw;
    private readonly AddedTokenMatcher _normalized;
    private readonly WordStep _words;
    private readonly PostProcessor _post;
    private readonly IReadOnlyList<Func<DecodeStep, DecodeStep>> _decoders;

    /// <summary>The highest id + 1, added tokens included. An embedding table may have more rows.</summary>
    public int VocabularySize => _tokens.Length;

    /// <summary>The id that starts a text; null if neither the files next to tokenizer.json nor its template name one.</summary>
    public int? BosId { get; }

    /// <summary>The id that ends a text; null if neither the files next to tokenizer.json nor its template name one.</summary>
    public int? EosId { get; }

    /// <summary>
    /// SHA-256 in lower-case hexadecimal of what decides the ids: of tokenizer.json alone, or also of what the flags beside it put in place
    /// of its template.
    /// </summary>
    public string Sha256 { get; }

    /// <summary>
    /// A sentence where the flags of <c>tokenizer_config.json</c>, which count here, and the template in <c>tokenizer.json</c> put other
    /// ids around a text; null where they agree. Programs that go by the template alone, transformers 5 among them, give other ids then.
    /// </summary>
    public string? Disagreement { get; }

    /// <summary>The parts, for writing the tokenizer in another format.</summary>
    internal TokenizerModel Model { get; }

    /// <summary>The token as the file writes it (not decoded text); null for an id without a token.</summary>
    public string? TokenText(int id) => (uint)id < (uint)_tokens.Length ? _tokens[id] : null;

    /// <summary>The id of a token as the file writes it; null for none.</summary>
    public int? TokenId(string token) => _ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>Whether decoding leaves this id out when special tokens are skipped.</summary>
    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any text; a surrogate without its partner counts as U+FFFD. Added tokens written in it are recognised.</param>
    /// <param name="addSpecialTokens">Whether the post-processor's tokens (such as BOS) are added.</param>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        var buffer = Encoded(text, addSpecialTokens);
        var ids = buffer.Written.ToArray();
        Return(buffer);
        return ids;
    }

    /// <summary>Appends the ids of a text to <paramref name="ids"/>.</summary>
    /// <param name="text">Any text; a surrogate without its partner counts as U+FFFD. Added tokens written in it are recognised.</param>
    /// <param name="ids">Where the ids go.</param>
    /// <param name="addSpecialTokens">Whether the post-processor's tokens (such as BOS) are added.</param>
    public void Encode(string text, List<int> ids, bool addSpecialTokens = true)
    {
        var buffer = Encoded(text, addSpecialTokens);
        ids.AddRange(buffer.Written);
        Return(buffer);
    }

    /// <summary>
    /// Whether these ids, of a text with special tokens, start with BOS twice: the text brings its own, and one was put before it.
    /// </summary>
    public bool DoublesBos(ReadOnlySpan<int> ids) => Model.AddsBos && ids.Length > 1 && ids[0] == BosId && ids[1] == BosId;

    /// <summary>Refuses ids for which a model has no row: a tokenizer may have more tokens than its model.</summary>
    /// <param name="ids">The ids of a text.</param>
    /// <param name="rows">Rows of the model's embedding table.</param>
    /// <param name="origin">Where the text is from, for the error.</param>
    /// <exception cref="EspalierException">An id is not below <paramref name="rows"/>; its token is named.</exception>
    public void RequireRows(ReadOnlySpan<int> ids, int rows, string origin)
    {
        foreach (var id in ids)
            if (id >= rows)
                throw new EspalierException(
                    $"{origin}: the tokenizer gave id {id} ('{TokenText(id)}'), but the model only has rows "
                        + $"for ids below {rows}: remove it from the text");
    }

    /// <summary>The text of ids. Ids without a token add nothing.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var stream = CreateDecodeStream(skipSpecialTokens);
        foreach (var id in ids)
            stream.Feed(id);
        return stream.Finish();
    }

    /// <summary>Starts decoding ids one by one.</summary>
    internal TokenDecodeStream CreateDecodeStream(bool skipSpecialTokens = false) => new(this, skipSpecialTokens, _decoders);

    private IdBuffer Encoded(string text, bool addSpecialTokens)
    {
        text = WellFormed(text);
        if (!_buffers.TryTake(out var ids))
            ids = new();
        if (addSpecialTokens)
            foreach (var id in _post.Before)
                ids.Add(id);
        // First what is cut out of the raw text; then each piece is normalised by itself, and the rest is cut out of that.
        _raw.Split(text, (start, end) => EncodeRaw(text, start, end, ids), token => ids.Add(token.Id));
        if (addSpecialTokens)
            foreach (var id in _post.After)
                ids.Add(id);
        return ids;
    }

    private void Return(IdBuffer buffer)
    {
        buffer.Clear();
        if (buffer.Capacity <= MostKept)
            _buffers.Add(buffer);
    }

    private void EncodeRaw(string text, int start, int end, IdBuffer ids)
    {
        if (_normalize is not null)
        {
            var piece = _normalize(text[start..end]);
            _normalized.Split(piece, (from, to) => _words.Accept(piece.AsSpan(from, to - from), start == 0 && from == 0, ids),
                token => ids.Add(token.Id));
        }
        else
        {
            _normalized.Split(text.AsSpan(start, end - start),
                (from, to) => _words.Accept(text.AsSpan(start + from, to - from), start == 0 && from == 0, ids),
                token => ids.Add(token.Id));
        }
    }

    private static string WellFormed(string text)
    {
        var span = text.AsSpan();
        for (var i = span.IndexOfAnyInRange('\uD800', '\uDFFF'); i < span.Length && i >= 0; i++)
        {
            if (!char.IsSurrogate(span[i]))
                continue;
            if (char.IsHighSurrogate(span[i]) && i + 1 < span.Length && char.IsLowSurrogate(span[i + 1]))
                i++;
            else
                return string.Concat(text.EnumerateRunes()); // Enumeration replaces what is ill-formed.
        }
        return text;
    }
}
