namespace Espalier.Cli.Report.Charts;

/// <summary>A point of a series.</summary>
/// <param name="X">Position.</param>
/// <param name="Y">Value; one that is not finite breaks the line.</param>
/// <param name="Error">Half the length of its error bar; 0 for none.</param>
internal readonly record struct Point(double X, double Y, double Error = 0);

/// <summary>How a series is drawn.</summary>
internal enum SeriesStyle
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A faint line behind the others: raw values.</summary>
    Faint,

    /// <summary>Circles with error bars, joined by nothing.</summary>
    Marks,

    /// <summary>A thin dotted line on the right-hand axis.</summary>
    Secondary,
}

/// <summary>Something to draw.</summary>
/// <param name="Name">For its tooltip.</param>
/// <param name="Color">Number of its colour; beyond the palette the dashes differ.</param>
/// <param name="Style">How it is drawn.</param>
/// <param name="Points">Its points in ascending order of X.</param>
internal sealed record Series(string Name, int Color, SeriesStyle Style, IReadOnlyList<Point> Points)
{
    /// <summary>1 is opaque.</summary>
    internal double Opacity { get; init; } = 1;

    /// <summary>The classes that give the series its colour and dashes.</summary>
    internal string Class => $"c{Color % Palette} dash{Color / Palette % 3}";

    private const int Palette = 6;
}
