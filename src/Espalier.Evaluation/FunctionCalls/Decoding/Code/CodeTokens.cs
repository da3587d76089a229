namespace Espalier.Evaluation.FunctionCalls.Decoding.Code;

/// <summary>What a token of Java or JavaScript is.</summary>
internal enum CodeTokenKind
{
    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text in quotes, a template, or a regular expression.</summary>
    Text,

    /// <summary>An operator or a bracket.</summary>
    Operator,

    /// <summary>The end.</summary>
    End,
}

/// <summary>A token.</summary>
/// <param name="Start">Where it starts in the source.</param>
/// <param name="End">Where the next character stands.</param>
/// <param name="Partner">Of a bracket: the place of the one that closes or opens it among the tokens; else -1.</param>
internal readonly record struct CodeToken(CodeTokenKind Kind, int Start, int End, int Partner);

/// <summary>Tokens of Java and of JavaScript, with their brackets paired; comments are left out.</summary>
internal static class CodeTokens
{
    private const int MaxBrackets = 200;

    // ">" stands alone, for it also closes the arguments of a type.
    private static readonly string[] s_operators =
    [
        "...", "===", "!==", "**=", "<<=", "&&=", "||=", "??=", "->", "=>", "::", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++",
        "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**", "<<", "+", "-", "*", "/", "%", "&", "|", "^", "~", "!", "<", ">", "(",
        ")", "[", "]", "{", "}", ",", ":", ".", ";", "=", "?", "@",
    ];

    /// <summary>Splits a source.</summary>
    /// <exception cref="NoCallException">A text that does not end, a bracket without its partner, or no token at all.</exception>
    public static List<CodeToken> Split(string source, bool isJavaScript)
    {
        var tokens = new List<CodeToken>();
        var open = new Stack<int>();
        for (var at = 0; at < source.Length;)
        {
            var c = source[at];
            var start = at;
            if (char.IsWhiteSpace(c))
                at++;
            else if (c == '/' && at + 1 < source.Length && source[at + 1] is '/' or '*')
                at = AfterComment(source, at);
            else if (c is '"' or '\'' || (isJavaScript && (c == '`' || (c == '/' && IsRegexPlace(source, tokens)))))
            {
                at = AfterText(source, at);
                // A regular expression's flags.
                while (c == '/' && at < source.Length && char.IsAsciiLetter(source[at]))
                    at++;
                tokens.Add(new(CodeTokenKind.Text, start, at, -1));
            }
            else if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1])))
            {
                while (at < source.Length && (char.IsLetterOrDigit(source[at]) || source[at] is '.' or '_'
                    || (source[at] is '+' or '-' && source[at - 1] is 'e' or 'E' && !source.AsSpan(start).StartsWith("0x"))))
                    at++;
                tokens.Add(new(CodeTokenKind.Number, start, at, -1));
            }
            else if (IsNamePart(c))
            {
                while (at < source.Length && (IsNamePart(source[at]) || char.IsDigit(source[at])))
                    at++;
                tokens.Add(new(CodeTokenKind.Name, start, at, -1));
            }
            else
            {
                at += Array.Find(s_operators, text => source.AsSpan(start).StartsWith(text, StringComparison.Ordinal))?.Length
                    ?? throw new NoCallException($"character {at + 1} is not code");
                tokens.Add(new(CodeTokenKind.Operator, start, at, at - start == 1 ? Pair(c, source, tokens, open) : -1));
            }
        }
        if (open.Count > 0)
            throw new NoCallException("a bracket is not closed");
        tokens.Add(new(CodeTokenKind.End, source.Length, source.Length, -1));
        return tokens;
    }

    private static bool IsNamePart(char c) => char.IsLetter(c) || c is '_' or '$' || char.IsSurrogate(c)
        || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.NonSpacingMark
            or System.Globalization.UnicodeCategory.SpacingCombiningMark;

    private static int Pair(char c, string source, List<CodeToken> tokens, Stack<int> open)
    {
        if (c is '(' or '[' or '{')
        {
            if (open.Count == MaxBrackets)
                throw new NoCallException($"has more than {MaxBrackets} nested brackets");
            open.Push(tokens.Count);
        }
        else if (c is ')' or ']' or '}')
        {
            if (!open.TryPop(out var opening) || source[tokens[opening].Start] != (c switch { ')' => '(', ']' => '[', _ => '{' }))
                throw new NoCallException("a bracket is unmatched");
            tokens[opening] = tokens[opening] with { Partner = tokens.Count };
            return opening;
        }
        return -1;
    }

    private static int AfterComment(string source, int at)
    {
        var end = source[at + 1] == '/' ? source.IndexOf('\n', at) : source.IndexOf("*/", at + 2, StringComparison.Ordinal);
        return end >= 0 ? end + (source[at + 1] == '/' ? 1 : 2)
            : source[at + 1] == '/' ? source.Length : throw new NoCallException("a comment does not end");
    }

    private static int AfterText(string source, int at)
    {
        var quote = source[at];
        var isBlock = quote == '"' && source.AsSpan(at).StartsWith("\"\"\"");
        var isInClass = false;
        for (var i = at + (isBlock ? 3 : 1); i < source.Length; i++)
        {
            if (source[i] == '\\')
                i++;
            else if (source[i] is '\n' or '\r' && quote != '`' && !isBlock)
                break;
            else if (quote == '/' && source[i] is '[' or ']')
                isInClass = source[i] == '[';
            else if (isBlock ? source.AsSpan(i).StartsWith("\"\"\"") : source[i] == quote && !isInClass)
                return i + (isBlock ? 3 : 1);
        }
        throw new NoCallException($"the text at character {at + 1} does not end");
    }

    // A slash divides after a value, and starts a regular expression elsewhere.
    private static bool IsRegexPlace(string source, List<CodeToken> tokens) => tokens.Count == 0
        || (tokens[^1].Kind == CodeTokenKind.Operator && source[tokens[^1].Start] is not (')' or ']' or '}'));
}
