using Espalier.Reports.Html;

namespace Espalier.Reports.Charts;

/// <summary>Names beside marks, each where it covers no other one, if there is such a place around its mark.</summary>
internal sealed class PointLabels(double left, double right)
{
    // Of a character of the size that narrow pages have.
    private const double Character = 8.5, Line = 14, Away = 7;

    private readonly List<(double Left, double Top, double Right, double Bottom)> _taken = [];

    /// <summary>Keeps a mark free of names.</summary>
    internal void Keep(double x, double y) => _taken.Add((x - 4, y - 4, x + 4, y + 4));

    internal void Write(HtmlBuilder html, string label, double x, double y)
    {
        var width = Character * label.Length;
        (double X, double Y, string Anchor)[] places = [(x + Away, y - 5, ""), (x - Away, y - 5, "end "), (x + Away, y + Line, ""),
            (x - Away, y + Line, "end "), (x, y - 10, "middle "), (x, y + Line + 8, "middle ")];
        var at = Array.FindIndex(places, place => Fits(Box(place, width)));
        var chosen = places[Math.Max(0, at)];
        _taken.Add(Box(chosen, width));
        html.Leaf("text", label, ("class", $"{chosen.Anchor}name"), ("x", chosen.X), ("y", chosen.Y));
    }

    private bool Fits((double Left, double Top, double Right, double Bottom) box) => box.Left >= left && box.Right <= right
        && _taken.All(other => box.Right < other.Left || other.Right < box.Left || box.Bottom < other.Top || other.Bottom < box.Top);

    private static (double, double, double, double) Box((double X, double Y, string Anchor) place, double width)
    {
        var from = place.Anchor switch { "" => place.X, "end " => place.X - width, _ => place.X - width / 2 };
        return (from, place.Y - Line + 4, from + width, place.Y);
    }
}
