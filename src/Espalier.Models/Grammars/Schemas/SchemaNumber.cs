using Espalier.Models.Grammars.Numbers;

namespace Espalier.Models.Grammars.Schemas;

/// <summary>What a schema says of numbers.</summary>
internal static class SchemaNumber
{
    public static IReadOnlyList<string> Keywords { get; } =
        ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];

    /// <summary>The bounds of a schema.</summary>
    /// <exception cref="EspalierException">One of them is no number.</exception>
    public static NumberBounds Bounds(SchemaKeywords keywords)
    {
        var (least, above) = (Of(keywords, "minimum"), Of(keywords, "exclusiveMinimum"));
        var (most, below) = (Of(keywords, "maximum"), Of(keywords, "exclusiveMaximum"));
        var step = Of(keywords, "multipleOf");
        if (step is { Value.Sign: <= 0 })
            throw keywords.Wrong("multipleOf", "a number above 0");
        var isAbove = above is not null && (least is null || NumberBounds.Compare(above.Value, least.Value) >= 0);
        var isBelow = below is not null && (most is null || NumberBounds.Compare(below.Value, most.Value) <= 0);
        return new()
        {
            Least = isAbove ? above : least,
            IsAboveLeast = isAbove,
            Most = isBelow ? below : most,
            IsBelowMost = isBelow,
            Step = step,
        };
    }

    /// <summary>Whether no number is within both.</summary>
    public static bool AreApart(NumberBounds a, NumberBounds b) => IsBelow(a, b) || IsBelow(b, a);

    private static bool IsBelow(NumberBounds a, NumberBounds b) => a.Most is { } most && b.Least is { } least
        && NumberBounds.Compare(most, least) is var order && (order < 0 || order == 0 && (a.IsBelowMost || b.IsAboveLeast));

    private static ExactDecimal? Of(SchemaKeywords keywords, string keyword) => keywords.Of(keyword) is not { } value ? null
        : ExactDecimal.Of(value) ?? throw keywords.Wrong(keyword, "a number with an exponent of at most 400");
}
