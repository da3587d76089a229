namespace Espalier.Compression.Data.Tokens;

/// <summary>A part of a row of tokens; reads through to it. The whole stays the caller's to dispose.</summary>
internal sealed class TokenRange : ITokens
{
    private readonly ITokens _whole;
    private readonly long _start;

    /// <summary>The ids start ≤ i &lt; start + count.</summary>
    public TokenRange(ITokens whole, long start, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, whole.Count);
        (_whole, _start, Count) = (whole, start, count);
    }

    public long Count { get; }

    public string Name => _whole.Name;

    public void Read(long position, Span<int> destination) => _whole.Read(Checked(position, destination.Length), destination);

    private long Checked(long position, int length) => position >= 0 && position <= Count - length
        ? _start + position
        : throw new ArgumentOutOfRangeException(nameof(position),
            $"{Name}: ids {position} to {position + length} are not within the {Count} of this part");
}
