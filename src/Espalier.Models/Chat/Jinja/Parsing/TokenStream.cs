using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja.Parsing;

/// <summary>The tokens of a template, read one by one.</summary>
internal sealed class TokenStream(List<Token> tokens)
{
    private int _at;

    /// <summary>The token that is next.</summary>
    public Token Current => tokens[_at];

    /// <summary>The one after it.</summary>
    public Token Following => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public Token Next() => tokens[_at < tokens.Count - 1 ? _at++ : _at];

    /// <summary>Whether the next token is an operator.</summary>
    public bool Is(string sign) => Current.Kind == TokenKind.Operator && Current.Text == sign;

    /// <summary>Whether the next token is a keyword.</summary>
    public bool IsWord(string word) => Current.Kind == TokenKind.Name && Current.Text == word;

    /// <summary>Takes an operator if it is next.</summary>
    public bool Skip(string sign) => Is(sign) && Next().Kind == TokenKind.Operator;

    /// <summary>Takes a keyword if it is next.</summary>
    public bool SkipWord(string word) => IsWord(word) && Next().Kind == TokenKind.Name;

    /// <summary>Takes an operator that must be next.</summary>
    public void Require(string sign)
    {
        if (!Skip(sign))
            throw Fault($"'{sign}' is missing before {Described}");
    }

    /// <summary>Takes a keyword that must be next.</summary>
    public void RequireWord(string word)
    {
        if (!SkipWord(word))
            throw Fault($"'{word}' is missing before {Described}");
    }

    /// <summary>Takes a token of a kind that must be next.</summary>
    public Token Require(TokenKind kind, string what) => Current.Kind == kind ? Next() : throw Fault($"{what} is missing before {Described}");

    /// <summary>An error at the next token.</summary>
    public TemplateFault Fault(string message) => new(message) { Line = Current.Line };

    /// <summary>The next token in words.</summary>
    public string Described => Current.Kind switch
    {
        TokenKind.End => "the template's end",
        TokenKind.TagEnd => "'%}'",
        TokenKind.PrintEnd => "'}}'",
        TokenKind.Text => "a text in quotes",
        _ => $"'{Current.Text}'",
    };
}
