namespace Espalier.Server.Tools;

/// <summary>How a family of models writes calls.</summary>
internal enum ToolForm
{
    /// <summary><c>&lt;tool_call&gt;{"name": ..., "arguments": {...}}&lt;/tool_call&gt;</c>, once a call: Hermes, Qwen.</summary>
    Tagged,

    /// <summary><c>[TOOL_CALLS][{"name": ..., "arguments": {...}}, ...]</c>: Mistral.</summary>
    Listed,

    /// <summary>The whole answer is <c>{"name": ..., "parameters": {...}}</c>, several with a semicolon between them: Llama 3.</summary>
    Bare,
}

/// <summary>Which form a model was trained on, as its template shows.</summary>
internal static class ToolForms
{
    /// <summary>The form; null where the template has no tools, or calls of a form that is not read here.</summary>
    public static ToolForm? Of(string template) =>
        !template.Contains("tools", StringComparison.Ordinal) || IsMarkedUp(template) ? null
        : template.Contains("<tool_call>", StringComparison.Ordinal) ? ToolForm.Tagged
        : template.Contains("[TOOL_CALLS]", StringComparison.Ordinal) ? ToolForm.Listed
        : template.Contains("\"parameters\"", StringComparison.Ordinal) ? ToolForm.Bare
        : null;

    /// <summary>Whether calls are marked up, as by Qwen3-Coder and Qwen3.5: <c>&lt;function=name&gt;</c> inside of the tag.</summary>
    public static bool IsMarkedUp(string template) => template.Contains("<function=", StringComparison.Ordinal);

    /// <summary>What begins calls in the middle of a text; null where only a whole answer is one.</summary>
    public static string? Opening(this ToolForm form) => form switch
    {
        ToolForm.Tagged => "<tool_call>",
        ToolForm.Listed => "[TOOL_CALLS]",
        _ => null,
    };

    /// <summary>Special tokens that are part of a call's text, and would be left out of it otherwise.</summary>
    public static IReadOnlyList<string> Marks { get; } = ["<tool_call>", "</tool_call>", "[TOOL_CALLS]", "<|python_tag|>"];
}
