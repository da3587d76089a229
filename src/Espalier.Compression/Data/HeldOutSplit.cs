using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data;

/// <summary>
/// Which documents are held out: those whose SHA-256, its first 64 bits taken as a fraction, lies below the share. So
/// the answer for a text never changes with the order or number of the others, and equal texts fall on the same side.
/// </summary>
internal sealed record HeldOutSplit
{
    private readonly ulong _limit;

    /// <param name="share">The part that is held out, in [0, 1).</param>
    /// <exception cref="EspalierException">The share is out of range.</exception>
    public HeldOutSplit(double share)
    {
        if (!(share is >= 0 and < 1))
            throw new EspalierException(
                $"held-out is {share.ToString(CultureInfo.InvariantCulture)}; it must be at least 0 and below 1 (such as 2%)");
        Share = share;
        _limit = (ulong)(share * Math.ScaleB(1, 64));
    }

    /// <summary>The part that is held out, in [0, 1).</summary>
    public double Share { get; }

    /// <summary>Whether this text is held out.</summary>
    public bool IsHeldOut(string text) => IsHeldOut(ReadContext.Hash64(text));

    /// <summary>The same for the first 64 bits of the text's SHA-256.</summary>
    internal bool IsHeldOut(ulong hash) => hash < _limit;
}
