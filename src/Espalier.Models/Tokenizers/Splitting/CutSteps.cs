using Espalier.Models.Tokenizers.Expressions;
using Espalier.Models.Tokenizers.Text;

namespace Espalier.Models.Tokenizers.Splitting;

/// <summary>Cuts at the matches of a regular expression.</summary>
internal sealed class ExpressionStep(Expression expression, CutBehavior behavior, bool invert, WordStep next)
    : CutStep(behavior, invert, next)
{
    protected override void Find(ReadOnlySpan<char> piece, ref Cut cut)
    {
        var matcher = expression.Begin(piece);
        while (matcher.Next(piece, out var start, out var end))
            cut.Match(start, end);
        expression.Return(matcher);
    }
}

/// <summary>Cuts at each occurrence of a text.</summary>
internal sealed class TextStep(string pattern, CutBehavior behavior, bool invert, WordStep next) : CutStep(behavior, invert, next)
{
    protected override void Find(ReadOnlySpan<char> piece, ref Cut cut)
    {
        if (pattern.Length == 0)
            return;
        for (var from = 0; piece[from..].IndexOf(pattern) is >= 0 and var at;)
        {
            cut.Match(from + at, from + at + pattern.Length);
            from += at + pattern.Length;
        }
    }
}

/// <summary>Cuts at each character of a kind.</summary>
internal sealed class CharacterStep(Func<int, bool> isOne, CutBehavior behavior, WordStep next) : CutStep(behavior, invert: false, next)
{
    private readonly CodePointSet _set = new(isOne);

    protected override void Find(ReadOnlySpan<char> piece, ref Cut cut)
    {
        for (int at = 0, length; at < piece.Length; at += length)
            if (_set.Contains(CodePointSet.At(piece, at, out length)))
                cut.Match(at, at + length);
    }
}

/// <summary>Keeps <c>\w+|[^\w\s]+</c> and drops the white space between.</summary>
internal sealed class WordsStep(WordStep next) : CutStep(CutBehavior.Removed, invert: true, next)
{
    protected override void Find(ReadOnlySpan<char> piece, ref Cut cut)
    {
        for (int at = 0, end; at < piece.Length; at = end)
        {
            var kind = CharacterClasses.At(piece, at, out var length);
            end = at + length;
            if ((kind & CharacterClass.Word) != 0)
                end = CharacterClasses.SkipAny(piece, end, CharacterClass.Word);
            else if ((kind & CharacterClass.Space) != 0)
                continue;
            else
                end = CharacterClasses.SkipNone(piece, end, CharacterClass.Word | CharacterClass.Space);
            cut.Match(at, end);
        }
    }
}
