namespace Espalier.Models.Chat.Python;

/// <summary>What one rendering of a template may use.</summary>
internal sealed record TemplateLimits
{
    /// <summary>Nodes that are evaluated and entries that are walked over.</summary>
    public long Steps { get; init; } = 10_000_000;

    /// <summary>Characters (UTF-16 units) of one text, the output included.</summary>
    public long Text { get; init; } = 1 << 24;

    /// <summary>Characters of all texts that are made on the way; an entry of a list counts as eight.</summary>
    public long AllTexts { get; init; } = 1 << 27;

    /// <summary>Macros inside macros and values inside values.</summary>
    public int Depth { get; init; } = 200;
}
