namespace Espalier.Server.Tools;

/// <summary>How a family of models writes calls.</summary>
internal enum ToolForm
{
    /// <summary><c>&lt;tool_call&gt;{"name": ..., "arguments": {...}}&lt;/tool_call&gt;</c>, once a call: Hermes, Qwen.</summary>
    Tagged,

    /// <summary>
    /// <c>&lt;function=name&gt;&lt;parameter=key&gt;value&lt;/parameter&gt;&lt;/function&gt;</c> in the same tags, with line breaks around
    /// values: Qwen3-Coder, Qwen3.5, Nemotron 3.
    /// </summary>
    Marked,

    /// <summary><c>[TOOL_CALLS][{"name": ..., "arguments": {...}}, ...]</c>: Mistral.</summary>
    Listed,

    /// <summary><c>&lt;|channel|&gt;commentary to=functions.name&lt;|message|&gt;{...}</c>: gpt-oss (<see cref="ChannelText"/>).</summary>
    Channels,

    /// <summary>The whole answer is <c>{"name": ..., "parameters": {...}}</c>, several with a semicolon between them: Llama 3.</summary>
    Bare,
}

/// <summary>Which form a model was trained on, as its template shows.</summary>
internal static class ToolForms
{
    /// <summary>The form; null where the template has no tools, or calls of a form that is not read here.</summary>
    public static ToolForm? Of(string template) =>
        !template.Contains("tools", StringComparison.Ordinal) ? null
        : ChannelText.IsMeant(template) ? ToolForm.Channels
        : template.Contains("<function=", StringComparison.Ordinal)
            ? template.Contains("<parameter=", StringComparison.Ordinal) ? ToolForm.Marked : null
        : template.Contains("<tool_call>", StringComparison.Ordinal) ? ToolForm.Tagged
        : template.Contains("[TOOL_CALLS]", StringComparison.Ordinal) ? ToolForm.Listed
        : template.Contains("\"parameters\"", StringComparison.Ordinal) ? ToolForm.Bare
        : null;

    /// <summary>Special tokens that are part of a call's text, and would be left out of it otherwise.</summary>
    public static IReadOnlyList<string> Marks { get; } = ["<tool_call>", "</tool_call>", "[TOOL_CALLS]", "<|python_tag|>"];
}
