namespace Espalier.Compression.Pruning.Masks;

/// <summary>
/// How many weights a mask sets to zero, and where: a share anywhere, or N of every M neighbours (2:4 is what GPUs compute faster).
/// </summary>
/// <param name="Share">Weights that go, above 0 and below 1.</param>
/// <param name="Group">M: neighbours in a row that are compared with each other; null compares all.</param>
internal readonly record struct Sparsity(double Share, int? Group = null)
{
    /// <summary>Half of the weights, anywhere.</summary>
    public static Sparsity Half => new(0.5);

    /// <summary>Weights that go among so many.</summary>
    public int Of(int count) => (int)Math.Round(Share * count, MidpointRounding.ToZero);

    /// <summary>Refuses a matrix that does not divide into groups.</summary>
    /// <param name="columns">Inputs of the matrix.</param>
    /// <exception cref="EspalierException">The columns are no whole number of groups.</exception>
    internal void CheckColumns(int columns)
    {
        if (Group is { } group && columns % group != 0)
            throw new EspalierException(
                $"sparsity {this}: a matrix has {columns} inputs, which is no multiple of {group}; take a share such as 50%");
    }

    /// <summary>Reads <c>50%</c>, <c>0.5</c> or <c>2:4</c>.</summary>
    /// <exception cref="EspalierException">It is none of them.</exception>
    public static Sparsity Parse(string text)
    {
        if (text.Split(':') is [var gone, var of] && Whole(gone) is { } n && Whole(of) is { } m && n >= 1 && n < m)
            return new((double)n / m, m);
        var number = text.EndsWith('%') ? Number(text[..^1]) / 100 : Number(text);
        return number is > 0 and < 1 and { } share ? new(share)
            : throw new EspalierException($"'{text}' is no sparsity: give a share such as 50%, or N:M such as 2:4");
    }

    public override string ToString() => Group is { } m
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)Math.Round(Share * m)}:{m}")
        : string.Create(CultureInfo.InvariantCulture, $"{Share * 100:0.####}%");

    private static int? Whole(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= 1024 ? value : null;

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : null;
}
