using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat;

/// <summary>How messages are rendered.</summary>
internal sealed record ChatOptions
{
    /// <summary>Whether the text ends with what starts an answer of the assistant. Off.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>Whether the text ends with the last message's content, for the model to go on with. Off.</summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Tools as JSON schemas in OpenAI's form; null for none.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Documents for retrieval, objects with <c>title</c> and <c>text</c>; null for none.</summary>
    public JsonArray? Documents { get; init; }

    /// <summary>The template's name where a folder has several; null for the one that transformers takes.</summary>
    public string? TemplateName { get; init; }

    /// <summary>Further variables, such as <c>enable_thinking</c>; they go before the special tokens of the same name.</summary>
    public JsonObject? Variables { get; init; }

    /// <summary>The clock of <c>strftime_now</c>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What one rendering may use.</summary>
    public TemplateLimits Limits { get; init; } = new();
}
