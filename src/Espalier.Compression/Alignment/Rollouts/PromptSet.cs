using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Alignment.Rollouts;

/// <summary>Prompts, each up to where its answer begins: the documents of a token store. Safe for use from several threads.</summary>
/// <param name="tokens">The store, which stays the caller's.</param>
internal sealed class PromptSet(TokenStore tokens)
{
    private readonly long[] _starts = tokens.ReadDocumentStarts();

    /// <summary>How many there are.</summary>
    public long Count => _starts.Length;

    /// <summary>The ids of one.</summary>
    public int[] this[long prompt]
    {
        get
        {
            var end = prompt + 1 < _starts.Length ? _starts[prompt + 1] : tokens.Count;
            var ids = new int[end - _starts[prompt]];
            tokens.Read(_starts[prompt], ids);
            return ids;
        }
    }
}
