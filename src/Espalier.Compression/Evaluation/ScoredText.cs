using System.Text;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Evaluation;

/// <summary>How much text scored tokens stand for: what bits per byte divides by.</summary>
internal static class ScoredText
{
    private const int Chunk = 1 << 16;

    /// <summary>
    /// UTF-8 bytes of the text that ids 1 to <paramref name="targets"/> of a store decode to (id 0 is never predicted). BOS, EOS and
    /// other special tokens add none, nor does a character whose last byte lies beyond the targets.
    /// </summary>
    /// <param name="store">The tokens; each document is decoded by itself.</param>
    /// <param name="tokenizer">The tokenizer that encoded them.</param>
    /// <param name="targets">How many ids were predicted, below the store's count.</param>
    public static long Utf8Bytes(TokenStore store, Tokenizer tokenizer, long targets)
    {
        var starts = store.ReadDocumentStarts();
        var end = Math.Min(targets + 1, store.Count);
        var total = 0L;
        for (var document = 0; document < starts.Length && starts[document] < end; document++)
            total += DocumentBytes(store, tokenizer, starts[document], document + 1 < starts.Length ? starts[document + 1]
                : store.Count, end);
        return total;
    }

    private static long DocumentBytes(TokenStore store, Tokenizer tokenizer, long first, long next, long end)
    {
        var stream = tokenizer.CreateDecodeStream(skipSpecialTokens: true);
        var bytes = 0L;
        var ids = new int[Math.Min(Chunk, next - first)];
        for (var position = first; position < Math.Min(next, end); position += ids.Length)
        {
            var part = ids.AsSpan(0, (int)Math.Min(ids.Length, Math.Min(next, end) - position));
            store.Read(position, part);
            for (var i = 0; i < part.Length; i++)
            {
                var text = Encoding.UTF8.GetByteCount(stream.Append(part[i]));
                bytes += position + i > 0 ? text : 0;
            }
        }
        return next <= end ? bytes + Encoding.UTF8.GetByteCount(stream.Finish()) : bytes;
    }
}
