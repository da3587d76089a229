using Espalier.Compression.Data.Tokens;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Evaluation;

/// <summary>
/// Text that a model writes itself: documents drawn at temperature 1 from BOS, each ended by EOS. A stand-in for what it was trained on.
/// </summary>
internal static class SelfWritten
{
    private const int MostEmpty = 100, AtOnce = 10;

    /// <summary>Writes documents until there are enough tokens; the same seed gives the same ones.</summary>
    /// <param name="tokens">Tokens that are wanted.</param>
    /// <param name="documentLength">Most tokens of a document, with BOS and EOS.</param>
    /// <param name="seed">Seed of the choices.</param>
    /// <param name="tokenizer">
    /// Turns each document into text and back, as text from a file comes: the ids that were drawn need not be those that the text has. Null
    /// leaves them.
    /// </param>
    /// <param name="progress">Receives the tokens.</param>
    /// <exception cref="EspalierException">Exit code 1: nothing but empty documents came.</exception>
    public static ITokens Write(Decoder model, int tokens, int documentLength, long seed, Tokenizer? tokenizer, IProgressReporter progress,
        CancellationToken stop = default)
    {
        var ends = model.Config.EosTokenIds.ToHashSet();
        var start = model.Config.BosTokenId ?? 0;
        var ids = new List<int>(tokens + documentLength);
        using var task = progress.Begin("write text", tokens, "tokens");
        using var weights = PackedWeights.Of(model);
        var most = Math.Max(1, Math.Min(documentLength, model.Config.MaxPositions) - 2);
        SamplingOptions Options(int document) => new() { Temperature = 1, Seed = unchecked((int)(seed * 1_000_003 + document)) };
        // Documents are written several at once, which changes none of them; those after the last that is needed are dropped.
        for (var document = 0; ids.Count < tokens; document += AtOnce)
        {
            // A tokenizer without BOS and EOS makes nothing of a document without text.
            if (document >= MostEmpty && ids.Count == 0)
                throw new EspalierException(
                    $"the teacher wrote {document} documents without any text: give a reference text that it knows well")
                { ExitCode = 1 };
            var (first, begun) = (document, ids.Count);
            var made = 0;
            var texts = GeneratorBatch.Continue(
                weights, [.. Enumerable.Repeat<int[]>([start], AtOnce)], most, place => Options(first + place), ends, AtOnce,
                (_, _) => task.Report(Math.Min(begun + ++made, tokens)), stop: stop);
            foreach (var written in texts)
            {
                if (tokenizer is null)
                    ids.AddRange(written.Prepend(start));
                else
                    tokenizer.Encode(tokenizer.Decode([.. written], skipSpecialTokens: true), ids);
                if ((tokenizer?.EosId ?? model.Config.EosTokenIds.Select(id => (int?)id).FirstOrDefault()) is { } end
                    && (ids.Count == 0 || ids[^1] != end))
                    ids.Add(end);
            }
        }
        return TokenIds.FromList(ids.Take(tokens), "text that the teacher wrote itself", model.Config.VocabularySize);
    }
}
