namespace Espalier.Evaluation.FunctionCalls.Decoding.Code;

/// <summary>What an expression of Java or JavaScript is, where that decides how BFCL reads it.</summary>
internal enum CodeNodeKind
{
    /// <summary>A name.</summary>
    Name,

    /// <summary>A text in quotes.</summary>
    Text,

    /// <summary><c>Name.class</c>.</summary>
    ClassLiteral,

    /// <summary>A call.</summary>
    Call,

    /// <summary><c>name = value</c>.</summary>
    Assignment,

    /// <summary><c>new Name(...)</c>.</summary>
    Creation,

    /// <summary>Any other.</summary>
    Other,
}

/// <summary>An expression of Java or JavaScript.</summary>
/// <param name="First">Its first token.</param>
/// <param name="Last">Its last token.</param>
/// <param name="Text">Its text as BFCL's Java reader puts it together; null where it is the source.</param>
internal sealed record CodeNode(CodeNodeKind Kind, int First, int Last, string? Text)
{
    /// <summary>Of an assignment, the value.</summary>
    public CodeNode? Value { get; init; }

    /// <summary>Of an assignment, what is set; of a call, what is called.</summary>
    public CodeNode? Target { get; init; }

    /// <summary>Of a call, the arguments.</summary>
    public IReadOnlyList<CodeNode> Arguments { get; init; } = [];
}
