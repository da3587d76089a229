using System.Runtime.CompilerServices;
using Espalier.Models.Tokenizers.Text;
using static Espalier.Models.Tokenizers.Text.CharacterClasses;

namespace Espalier.Models.Tokenizers.Splitting;

/// <summary>
/// A well-known split expression, written out as a scanner over code points. Each covers every character, so that the
/// matches alone are the words, and none looks further back than its own start.
/// </summary>
internal abstract class SplitScanner
{
    private const CharacterClass Alphanumeric = CharacterClass.Letter | CharacterClass.Number;

    /// <summary>Which of the known expressions this is.</summary>
    public abstract PretokenizerSplit Kind { get; }

    /// <summary>The end of the match that starts at <paramref name="start"/>, which is inside the text.</summary>
    public abstract int Next(ReadOnlySpan<char> text, int start);

    /// <summary>Llama 3's expression.</summary>
    public const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Qwen2's: Llama 3's with digits one by one.</summary>
    public const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Mistral-NeMo's.</summary>
    public const string Tekken = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>GPT-4o's: Tekken's with numbers by threes, and a contraction that stays with its word.</summary>
    public const string Gpt4o =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The expression built into the ByteLevel pre-tokenizer.</summary>
    public static SplitScanner Gpt2 { get; } = new Gpt2Scanner();

    /// <summary>The scanner for a regular expression from a file, or null where it is not a known one.</summary>
    public static SplitScanner? Find(string expression) => expression switch
    {
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+" or
        @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+" => Gpt2,
        Llama3 => new Llama3Scanner(3),
        Qwen2 => new Llama3Scanner(1),
        Tekken => new TekkenScanner(digits: 1, contractions: false),
        Gpt4o => new TekkenScanner(digits: 3, contractions: true),
        _ => null,
    };

    /// <summary>The end of a contraction such as 're at <paramref name="start"/>, or <paramref name="start"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected static int Contraction(ReadOnlySpan<char> text, int start, bool ignoreCase)
    {
        if (text[start] != '\'' || start + 1 >= text.Length)
            return start;
        switch (Fold(text[start + 1], ignoreCase))
        {
            case 's' or 't' or 'm' or 'd':
                return start + 2;
            case 'r' or 'v' when start + 2 < text.Length && Fold(text[start + 2], ignoreCase) == 'e':
            case 'l' when start + 2 < text.Length && Fold(text[start + 2], ignoreCase) == 'l':
                return start + 3;
            default:
                return start;
        }
    }

    /// <summary>
    /// <c>\s*[\r\n]+|\s+(?!\S)|\s+</c> (without its first part where <paramref name="breaks"/> is false); there is white space at
    /// <paramref name="start"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected static int Spaces(ReadOnlySpan<char> text, int start, bool breaks)
    {
        var end = SkipAny(text, start, CharacterClass.Space);
        if (breaks && text[start..end].LastIndexOfAny('\r', '\n') is >= 0 and var last)
            return start + last + 1;
        // All white space lies in the basic plane: one character back is one unit back.
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    /// <summary><c> ?[^\s\p{L}\p{N}]+</c>, or <paramref name="start"/> where it does not match.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected static int Symbols(ReadOnlySpan<char> text, int start)
    {
        var from = text[start] == ' ' ? start + 1 : start;
        var end = SkipNone(text, from, Alphanumeric | CharacterClass.Space);
        return end == from ? start : end;
    }

    /// <summary>The end of at most so many numbers.</summary>
    protected static int Numbers(ReadOnlySpan<char> text, int start, int most)
    {
        var end = start;
        for (var count = 0; count < most && end < text.Length && (At(text, end, out var length) & CharacterClass.Number) != 0; count++)
            end += length;
        return end;
    }

    // U+017F, the long s, is the only character outside ASCII that folds to a letter of a contraction.
    private static char Fold(char unit, bool ignoreCase) =>
        !ignoreCase ? unit : unit == '\u017F' ? 's' : unit is >= 'A' and <= 'Z' ? (char)(unit | 0x20) : unit;

    private sealed class Gpt2Scanner : SplitScanner
    {
        public override PretokenizerSplit Kind => PretokenizerSplit.Gpt2;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override int Next(ReadOnlySpan<char> text, int start)
        {
            if (Contraction(text, start, ignoreCase: false) is var contraction && contraction > start)
                return contraction;
            var from = text[start] == ' ' && start + 1 < text.Length ? start + 1 : start;
            var first = At(text, from, out _);
            return (first & CharacterClass.Letter) != 0 ? SkipAny(text, from, CharacterClass.Letter)
                : (first & CharacterClass.Number) != 0 ? SkipAny(text, from, CharacterClass.Number)
                : (first & CharacterClass.Space) == 0 ? Symbols(text, start)
                : Spaces(text, start, breaks: false);
        }
    }

    private sealed class Llama3Scanner(int digits) : SplitScanner
    {
        public override PretokenizerSplit Kind => digits == 3 ? PretokenizerSplit.Llama3 : PretokenizerSplit.Qwen2;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override int Next(ReadOnlySpan<char> text, int start)
        {
            if (Contraction(text, start, ignoreCase: true) is var contraction && contraction > start)
                return contraction;
            var first = At(text, start, out var length);
            if ((first & CharacterClass.Letter) != 0)
                return SkipAny(text, start + length, CharacterClass.Letter);
            if ((first & CharacterClass.Number) != 0)
                return Numbers(text, start, digits);
            if ((first & CharacterClass.NewLine) == 0 && SkipAny(text, start + length, CharacterClass.Letter) is var word
                && word > start + length)
                return word;
            if (Symbols(text, start) is var symbols && symbols > start)
                return SkipAny(text, symbols, CharacterClass.NewLine);
            return Spaces(text, start, breaks: true);
        }
    }

    // Mistral-NeMo's, and GPT-4o's, in which a contraction stays with its word.
    private sealed class TekkenScanner(int digits, bool contractions) : SplitScanner
    {
        public override PretokenizerSplit Kind => contractions ? PretokenizerSplit.Gpt4o : PretokenizerSplit.Tekken;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override int Next(ReadOnlySpan<char> text, int start)
        {
            var first = At(text, start, out var length);
            if ((first & CharacterClass.Number) != 0)
                return Numbers(text, start, digits);
            // The optional leading character is tried first, then left out, in each of the two word forms.
            var bare = (first & (Alphanumeric | CharacterClass.NewLine)) == 0 ? start + length : start;
            if (bare > start && EndingInLower(text, bare) is var led && led > bare)
                return WithContraction(text, led);
            if (EndingInLower(text, start) is var word && word > start)
                return WithContraction(text, word);
            if (SkipAny(text, bare, CharacterClass.UpperLike) is var upper && upper > bare)
                return WithContraction(text, upper);
            if (Symbols(text, start) is var symbols && symbols > start)
                return SkipBreaks(text, symbols);
            return Spaces(text, start, breaks: true);
        }

        private int WithContraction(ReadOnlySpan<char> text, int end) =>
            contractions && end < text.Length ? Contraction(text, end, ignoreCase: true) : end;

        /// <summary>U*W+ with U upper-like and W lower-like, which overlap: U* gives back until W+ finds a character.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static int EndingInLower(ReadOnlySpan<char> text, int start)
        {
            var (index, lastLowerEnd) = (start, start);
            while (index < text.Length && At(text, index, out var length) is var kind && (kind & CharacterClass.UpperLike) != 0)
            {
                index += length;
                if ((kind & CharacterClass.LowerLike) != 0)
                    lastLowerEnd = index;
            }
            var end = SkipAny(text, index, CharacterClass.LowerLike);
            return end > index ? end : lastLowerEnd;
        }

        private static int SkipBreaks(ReadOnlySpan<char> text, int index)
        {
            while (index < text.Length && text[index] is '\r' or '\n' or '/')
                index++;
            return index;
        }
    }
}
