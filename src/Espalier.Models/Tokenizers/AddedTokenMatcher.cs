using System.Buffers;
using Espalier.Models.Tokenizers.Text;

namespace Espalier.Models.Tokenizers;

/// <summary>Finds added tokens in a text: the leftmost first, of those that start there the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Node _root = new();
    private readonly SearchValues<char> _firstUnits;

    /// <summary>A matcher for tokens and the texts under which they are searched (normalised ones, where they are).</summary>
    public AddedTokenMatcher(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        foreach (var (text, token) in tokens)
        {
            var node = _root;
            foreach (var unit in text)
                node = node.Grow(unit);
            if (text.Length > 0)
                node.Token ??= token;
        }
        _firstUnits = SearchValues.Create([.. _root.Units]);
    }

    /// <summary>What <see cref="Split"/> hands out: text between added tokens.</summary>
    public delegate void TextHandler(int start, int end);

    /// <summary>What <see cref="Split"/> hands out: an added token.</summary>
    public delegate void TokenHandler(AddedToken token);

    /// <summary>Walks through the text and hands out, in order, the pieces between added tokens and the tokens.</summary>
    public void Split(ReadOnlySpan<char> text, TextHandler onText, TokenHandler onToken)
    {
        var done = 0;
        for (var from = 0; Find(text, from, out var start, out var end) is { } token;)
        {
            from = end;
            if (token.SingleWord
                && ((start > 0 && IsWord(CharacterClasses.Before(text, start)))
                    || (end < text.Length && IsWord(CharacterClasses.At(text, end, out _)))))
                continue;
            if (token.LeftStrip)
                while (start > done && (CharacterClasses.Before(text, start) & CharacterClass.Space) != 0)
                    start--;
            if (token.RightStrip)
                end = CharacterClasses.SkipAny(text, end, CharacterClass.Space);
            if (done < start)
                onText(done, start);
            onToken(token);
            done = end;
        }
        if (done < text.Length)
            onText(done, text.Length);
    }

    private AddedToken? Find(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        for (start = from; start < text.Length; start++)
        {
            var next = text[start..].IndexOfAny(_firstUnits);
            if (next < 0)
                break;
            start += next;
            AddedToken? longest = null;
            end = start;
            var node = _root;
            for (var index = start; index < text.Length && node.Step(text[index]) is { } child; index++)
            {
                node = child;
                if (node.Token is { } token)
                    (longest, end) = (token, index + 1);
            }
            if (longest is not null)
                return longest;
        }
        end = text.Length;
        return null;
    }

    private static bool IsWord(CharacterClass kind) => (kind & CharacterClass.Word) != 0;

    private sealed class Node
    {
        private Dictionary<char, Node>? _children;

        public AddedToken? Token { get; set; }

        public IEnumerable<char> Units => _children?.Keys ?? Enumerable.Empty<char>();

        public Node? Step(char unit) => _children?.GetValueOrDefault(unit);

        public Node Grow(char unit)
        {
            _children ??= [];
            if (!_children.TryGetValue(unit, out var child))
                _children[unit] = child = new();
            return child;
        }
    }
}
