using System.Text;
using Espalier.Models.Tokenizers.Bpe;

namespace Espalier.Models.Tokenizers;

/// <summary>The bytes that a token stands for in the middle of a text, in UTF-8; a character may be spread over several tokens.</summary>
internal sealed class TokenBytes(Tokenizer tokenizer)
{
    private const char Mark = '\u2581';

    private readonly Dictionary<int, AddedToken> _added = tokenizer.Model.AddedTokens.ToDictionary(static token => token.Id);

    /// <summary>An added token; null where the id is none.</summary>
    public AddedToken? Added(int id) => _added.GetValueOrDefault(id);

    /// <summary>The bytes; null for an id without a token, and for one that stands for what the vocabulary lacks.</summary>
    public byte[]? Of(int id)
    {
        if (Added(id) is { } added)
            return Encoding.UTF8.GetBytes(added.Content);
        if (id == tokenizer.Model.UnknownId || tokenizer.TokenText(id) is not { } token)
            return null;
        if (tokenizer.Model.Kind == TokenizerKind.ByteLevelBpe)
            return token.All(static c => ByteAlphabet.ToByte(c) >= 0) ? [.. token.Select(static c => (byte)ByteAlphabet.ToByte(c))] : null;
        // A word on its own has a space before it; what goes on inside a word is marked.
        if (tokenizer.Model.Kind is TokenizerKind.WordBpe or TokenizerKind.WordPiece)
            return Encoding.UTF8.GetBytes(token.StartsWith("##", StringComparison.Ordinal) ? token[2..] : " " + token);
        return tokenizer.Model.ByteFallback && token is ['<', '0', 'x', var high, var low, '>'] && char.IsAsciiHexDigit(high)
            && char.IsAsciiHexDigit(low) ? Convert.FromHexString([high, low]) : Encoding.UTF8.GetBytes(token.Replace(Mark, ' '));
    }
}
