namespace Espalier.Compression.Data.Tokens;

/// <summary>Ids that the user gives instead of text: a file (<c>.i32</c>, <c>.u16</c>), a token store's folder, or <c>1,2,3</c>.</summary>
internal sealed class TokenIds : ITokens
{
    private readonly int[] _ids;

    private TokenIds(int[] ids, string name) => (this._ids, Name) = (ids, name);

    public long Count => _ids.Length;

    /// <summary>The list as given.</summary>
    public string Name { get; }

    /// <summary>Ids in memory.</summary>
    /// <exception cref="EspalierException">None, or one outside the vocabulary.</exception>
    public static TokenIds FromList(IEnumerable<int> list, string name, int? vocabularySize)
    {
        int[] ids = [.. list];
        if (ids.Length == 0)
            throw new EspalierException($"ids '{name}': contains no token ids");
        if (ids.AsSpan().IndexOfAnyExceptInRange(0, (vocabularySize ?? int.MaxValue) - 1) is >= 0 and var bad)
            throw new EspalierException($"ids '{name}': id {ids[bad]} at position {bad} is outside the vocabulary of {vocabularySize}");
        return new TokenIds(ids, name);
    }

    /// <summary>Opens what the spec names. The result is to be disposed where it is <see cref="IDisposable"/> (files are).</summary>
    /// <exception cref="EspalierException">Neither a list nor a file of ids, or an id outside the vocabulary.</exception>
    public static ITokens Parse(string spec, int? vocabularySize)
    {
        if (Directory.Exists(spec))
            return TokenStore.Open(spec, vocabularySize);
        if (spec.EndsWith(".i32", StringComparison.OrdinalIgnoreCase))
            return TokenFile.Open(spec, TokenWidth.Int32, vocabularySize);
        if (spec.EndsWith(".u16", StringComparison.OrdinalIgnoreCase))
            return TokenFile.Open(spec, TokenWidth.UInt16, vocabularySize);
        if (File.Exists(spec))
            throw new EspalierException($"ids '{spec}': unknown kind of file; name it .i32 (little-endian int32) or .u16 (uint16)");
        return FromList(spec.Split(',', StringSplitOptions.TrimEntries).Select((part, i) =>
            int.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)
                ? id
                : throw new EspalierException(
                    $"ids '{spec}': '{part}' at position {i} is not an id; give a list such as 1,2,3 or a file (.i32, .u16)")),
            spec, vocabularySize);
    }

    public void Read(long position, Span<int> destination)
    {
        this.RequireWithin(position, destination.Length);
        _ids.AsSpan((int)position, destination.Length).CopyTo(destination);
    }
}
