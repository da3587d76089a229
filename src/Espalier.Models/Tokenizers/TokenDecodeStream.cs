using System.Diagnostics.CodeAnalysis;
using Espalier.Models.Tokenizers.Detokenizing;

namespace Espalier.Models.Tokenizers;

/// <summary>
/// Decodes ids as they come. <see cref="Append"/> returns the text that no later id can change, so a character whose
/// bytes are spread over tokens comes whole; all pieces together equal <see cref="Tokenizer.Decode"/>. Not thread-safe.
/// </summary>
[SuppressMessage("Naming", "CA1711", Justification = "A stream of text, not of bytes: the word of the trade for decoding as tokens come.")]
internal sealed class TokenDecodeStream
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly CollectStep _collected;
    private readonly DecodeStep _first;

    internal TokenDecodeStream(Tokenizer tokenizer, bool skipSpecialTokens, IReadOnlyList<Func<DecodeStep, DecodeStep>> decoders)
    {
        (_tokenizer, _skipSpecialTokens) = (tokenizer, skipSpecialTokens);
        _first = _collected = new CollectStep(joinWithSpaces: decoders.Count == 0);
        for (var i = decoders.Count - 1; i >= 0; i--)
            _first = decoders[i](_first);
    }

    /// <summary>Takes the next id and returns the text that is now certain, often empty. Ids without a token add nothing.</summary>
    public string Append(int id)
    {
        Feed(id);
        return _collected.Take();
    }

    /// <summary>Ends the text and returns the rest of it: an unfinished character becomes U+FFFD. Nothing may follow.</summary>
    public string Finish()
    {
        _first.End();
        return _collected.Take();
    }

    internal void Feed(int id)
    {
        if (_tokenizer.TokenText(id) is not { } token || (_skipSpecialTokens && _tokenizer.IsSpecial(id)))
            return;
        _first.Text(token);
        _first.EndToken();
    }
}
