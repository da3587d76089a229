namespace Espalier.Compression.Data.Tokens;

/// <summary>What a document sees of the one before it in the same window.</summary>
internal enum DocumentContext
{
    /// <summary>All of it: windows do not heed where documents begin.</summary>
    Cross,

    /// <summary>Nothing: attention ends and positions begin anew where a document begins.</summary>
    Separate,
}

/// <summary>Where documents begin in a row of tokens.</summary>
public abstract class DocumentBoundaries
{
    /// <summary>
    /// Each token's place in its document, as far as the range shows it: 0 at the first token and where a document begins, else one more
    /// than before.
    /// </summary>
    /// <param name="position">Where the range begins in the row.</param>
    /// <param name="ids">The range's ids.</param>
    /// <param name="places">Receives the places, one per id.</param>
    public void Places(long position, ReadOnlySpan<long> ids, Span<long> places)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(places.Length, ids.Length);
        for (var i = 0; i < ids.Length; i++)
            places[i] = i == 0 || Begins(position + i, ids[i - 1]) ? 0 : places[i - 1] + 1;
    }

    /// <summary>Exact where the tokens come from text and know its documents; else a document begins after each EOS.</summary>
    /// <exception cref="EspalierException">Neither a store nor an EOS.</exception>
    public static DocumentBoundaries Of(ITokens tokens, IReadOnlyCollection<int> eos) =>
        tokens is TokenStore store ? new StoredBoundaries(store.ReadDocumentStarts())
        : tokens is IDocumentTokens of ? of.Boundaries
        : eos.Count > 0 ? new EosBoundaries(eos)
        : throw new EspalierException(NoEos(tokens.Name));

    /// <summary>Whether a document begins at a token, for boundaries of several rows.</summary>
    internal bool BeginsAt(long position, long before) => Begins(position, before);

    /// <summary>The error of ids that nothing ends.</summary>
    internal static string NoEos(string name) =>
        $"documents: separate, but {name} has ids of a model without an eos_token_id: "
            + "nothing marks where documents begin; use cross, or give text";

    /// <summary>Whether a document begins at a token.</summary>
    /// <param name="position">Its place in the row.</param>
    /// <param name="before">The id before it.</param>
    protected abstract bool Begins(long position, long before);
}

/// <summary>The documents of a token store.</summary>
/// <param name="starts">Where each begins, ascending.</param>
internal sealed class StoredBoundaries(long[] starts) : DocumentBoundaries
{
    protected override bool Begins(long position, long before) => Array.BinarySearch(starts, position) >= 0;
}

/// <summary>Documents that end with an EOS.</summary>
/// <param name="eos">The ids that end one.</param>
internal sealed class EosBoundaries(IReadOnlyCollection<int> eos) : DocumentBoundaries
{
    protected override bool Begins(long position, long before) => eos.Any(id => id == before);
}
