namespace Espalier.Reports.Charts;

/// <summary>A point of a series.</summary>
/// <param name="X">Position.</param>
/// <param name="Y">Value; one that is not finite breaks the line.</param>
/// <param name="Error">Half the length of its error bar; 0 for none.</param>
/// <param name="Label">What is written beside a mark; null for nothing.</param>
internal readonly record struct Point(double X, double Y, double Error = 0, string? Label = null);

/// <summary>How a series is drawn.</summary>
internal enum SeriesStyle
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A faint line behind the others: raw values.</summary>
    Faint,

    /// <summary>Marks with error bars, joined by nothing.</summary>
    Marks,

    /// <summary>A thin dotted line on the right-hand axis.</summary>
    Secondary,
}

/// <summary>Something to draw.</summary>
/// <param name="Name">For its tooltip.</param>
/// <param name="Color">
/// Number of its look: beyond the palette's colours dashes and the shapes of marks differ, beyond <see cref="Series.Looks"/> nothing does.
/// </param>
/// <param name="Style">How it is drawn.</param>
/// <param name="Points">Its points in ascending order of X.</param>
internal sealed record Series(string Name, int Color, SeriesStyle Style, IReadOnlyList<Point> Points)
{
    /// <summary>1 is opaque.</summary>
    internal double Opacity { get; init; } = 1;

    /// <summary>
    /// Its place on the ramp of colours that stands for an order, such as that of layers, from 0 to <see cref="LastRamp"/>; null for a
    /// colour of the palette.
    /// </summary>
    internal int? Ramp { get; init; }

    /// <summary>How many series can be told apart by their numbers.</summary>
    internal const int Looks = Palette * Dashes;

    /// <summary>The last colour of the ramp.</summary>
    internal const int LastRamp = 8;

    /// <summary>The classes that give the series its colour and dashes.</summary>
    internal string Class => Ramp is { } step ? $"r{step}" : $"c{Color % Palette} dash{Shape}";

    /// <summary>Which dashes and which shape of mark.</summary>
    internal int Shape => Color / Palette % Dashes;

    private const int Palette = 6, Dashes = 5;
}
