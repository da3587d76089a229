namespace Espalier.Reports.Html;

/// <summary>An attribute of an element; without a value it is left out.</summary>
internal readonly record struct HtmlAttribute(string Name, string? Value)
{
    public static implicit operator HtmlAttribute((string Name, string? Value) pair) => new(pair.Name, pair.Value);

    /// <summary>A place or a length in a picture.</summary>
    public static implicit operator HtmlAttribute((string Name, double Pixels) pair) => new(pair.Name, Figures.Pixel(pair.Pixels));
}
