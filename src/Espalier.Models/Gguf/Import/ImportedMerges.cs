using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Models.Gguf.Import;

/// <summary>The merges of a vocabulary that has scores in their place, as SentencePiece's does.</summary>
internal static class ImportedMerges
{
    private const int Normal = 1;

    /// <summary>
    /// Every way to make a token of two others, the token with the highest score first: what merges a pair next is the score of the
    /// result. Of one token's ways, the one with the lowest ids goes first, as in transformers' conversion.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="types">Their types; 0 where the file does not say.</param>
    public static IEnumerable<(string Left, string Right)> OfScores(GgufFile file, string[] tokens, int[] types)
    {
        var scores = file.Metadata.Find("tokenizer.ggml.scores") is float[] list && list.Length == tokens.Length ? list
            : throw new EspalierException($"{file.Path}: tokenizer.ggml.scores is not a list of {tokens.Length} numbers");
        var ids = Enumerable.Range(0, tokens.Length).Where(id => types[id] is Normal or 0)
            .ToDictionary(id => tokens[id], id => id, StringComparer.Ordinal);
        var lengths = TokenMerges.Lengths(ids);
        return ids.OrderByDescending(pair => scores[pair.Value]).ThenBy(pair => pair.Value).SelectMany(pair =>
            TokenMerges.Cuts(pair.Key, ids, lengths).OrderBy(static cut => cut.Left).ThenBy(static cut => cut.Right)
                .Select(cut => (pair.Key[..cut.At], pair.Key[cut.At..])));
    }
}
