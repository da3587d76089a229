using System.Text;
using Espalier.Models.Tokenizers;

namespace Espalier.Models.Chat;

/// <summary>Where in a text each of its tokens stands.</summary>
internal sealed class TokenPlaces
{
    private readonly TokenBytes _bytes;
    private readonly byte[] _text;

    private TokenPlaces(Tokenizer tokenizer, string text)
    {
        _bytes = new(tokenizer);
        _text = Encoding.UTF8.GetBytes(text);
    }

    /// <summary>The bytes of the text, in UTF-8, that each token stands for: from the first to before the last.</summary>
    /// <param name="tokenizer">What made the ids.</param>
    /// <param name="text">A well-formed text.</param>
    /// <param name="ids">Its ids, without further special tokens.</param>
    /// <returns>The places; null where the tokens' texts do not make the text, as with a normalizer that changes letters.</returns>
    public static (int Start, int End)[]? Of(Tokenizer tokenizer, string text, ReadOnlySpan<int> ids)
    {
        var walk = new TokenPlaces(tokenizer, text);
        var places = new (int Start, int End)[ids.Length];
        var at = 0;
        for (var i = 0; i < ids.Length; i++)
        {
            if (walk.Place(ids[i], at) is not { } place)
                return null;
            places[i] = place;
            at = place.End;
        }
        return at == walk._text.Length ? places : null;
    }

    private (int Start, int End)? Place(int id, int at)
    {
        var added = _bytes.Added(id);
        if (_bytes.Of(id) is not { } bytes)
            return null;
        var start = at;
        // A token that takes the white space before it stands from there on.
        while (added?.LeftStrip == true && at < _text.Length && !Stands(bytes, at) && _text[at] <= ' ')
            at++;
        if (!Stands(bytes, at))
        {
            // The space before a text, which a tokenizer puts there itself.
            if (bytes.Length == 0 || bytes[0] != ' ' || !Stands(bytes.AsSpan(1), at))
                return null;
            bytes = bytes[1..];
        }
        var end = at + bytes.Length;
        while (added?.RightStrip == true && end < _text.Length && _text[end] <= ' ')
            end++;
        return (start, end);
    }

    private bool Stands(ReadOnlySpan<byte> bytes, int at) => _text.AsSpan(at).StartsWith(bytes);
}
