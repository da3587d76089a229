using Espalier.Reports.Html;

namespace Espalier.Reports.Charts;

/// <summary>Shapes of marks: circle, square, triangle, diamond, triangle on its tip.</summary>
internal static class Mark
{
    private const double Radius = 4;

    /// <summary>Draws a mark; without a tooltip in legends.</summary>
    internal static void Write(HtmlBuilder html, int shape, double x, double y, string? tooltip)
    {
        using var open = shape == 0
            ? html.Open("circle", ("cx", x), ("cy", y), ("r", Radius))
            : html.Open("polygon",
                ("points",
                    string.Join(' ',
                        Corners(shape)
                            .Select(corner => $"{Figures.Pixel(x + Radius * corner.X)},{Figures.Pixel(y + Radius * corner.Y)}"))));
        if (tooltip is not null)
            html.Leaf("title", tooltip);
    }

    private static (double X, double Y)[] Corners(int shape) => shape switch
    {
        1 => [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        2 => [(0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        3 => [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
        _ => [(0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
    };
}
