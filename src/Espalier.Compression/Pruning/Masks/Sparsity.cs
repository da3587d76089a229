namespace Espalier.Compression.Pruning.Masks;

/// <summary>
/// How many weights a mask sets to zero, and where: a share anywhere, or N of every M neighbours (2:4 is what GPUs compute faster).
/// </summary>
internal readonly record struct Sparsity
{
    // As it was written, for 29 % of 3,200 are 928 and 15 of 22 are 15, which a double just misses.
    private readonly decimal _share;
    private readonly int _gone;

    /// <summary>A share anywhere.</summary>
    /// <param name="share">Weights that go, above 0 and below 1.</param>
    public Sparsity(decimal share) => _share = share;

    /// <summary>N of every M neighbours in a row.</summary>
    /// <param name="gone">N: how many of them go.</param>
    /// <param name="group">M: how many are compared with each other.</param>
    public Sparsity(int gone, int group) => (_gone, Group) = (gone, group);

    /// <summary>M: neighbours in a row that are compared with each other; null compares all.</summary>
    public int? Group { get; }

    /// <summary>Half of the weights, anywhere.</summary>
    public static Sparsity Half => new(0.5m);

    /// <summary>Weights that go among so many.</summary>
    public int Of(int count) => (int)(Group is { } group ? (long)count * _gone / group : decimal.Truncate(_share * count));

    /// <summary>Refuses a matrix that does not divide into groups.</summary>
    /// <param name="columns">Inputs of the matrix.</param>
    /// <exception cref="EspalierException">The columns are no whole number of groups.</exception>
    internal void CheckColumns(int columns)
    {
        if (Group is { } group && columns % group != 0)
            throw new EspalierException(
                $"sparsity {this}: a matrix has {columns} inputs, which is not a multiple of {group}; use a share such as 50%");
    }

    /// <summary>Reads <c>50%</c>, <c>0.5</c> or <c>2:4</c>.</summary>
    /// <exception cref="EspalierException">It is none of them.</exception>
    public static Sparsity Parse(string text)
    {
        if (text.Split(':') is [var gone, var of] && Whole(gone) is { } n && Whole(of) is { } m && n >= 1 && n < m)
            return new(n, m);
        var number = text.EndsWith('%') ? Number(text[..^1]) / 100 : Number(text);
        return number is > 0 and < 1 and { } share ? new(share)
            : throw new EspalierException($"'{text}' is not a sparsity: use a share such as 50%, or N:M such as 2:4");
    }

    // Every digit, for it stands for the share in what a stage's key is made of.
    public override string ToString() => Group is { } group
        ? string.Create(CultureInfo.InvariantCulture, $"{_gone}:{group}")
        : string.Create(CultureInfo.InvariantCulture, $"{_share * 100:0.############################}%");

    private static int? Whole(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= 1024 ? value : null;

    private static decimal? Number(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : null;
}
