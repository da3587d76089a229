namespace Espalier.Compression.Data.Tokens;

/// <summary>A long sequence of token ids that several threads can read at any position.</summary>
public interface ITokens
{
    /// <summary>How many ids there are.</summary>
    long Count { get; }

    /// <summary>What it is, for messages: a path or the list.</summary>
    string Name { get; }

    /// <summary>Copies ids, from <paramref name="position"/> on, until the destination is full.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range goes beyond the ids.</exception>
    void Read(long position, Span<int> destination);
}
