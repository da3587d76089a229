using Espalier.Compression.Data;
using Espalier.Models;
using Espalier.Models.Generation;

namespace Espalier.Compression.Evaluation;

/// <summary>Text that a model writes itself: documents drawn at temperature 1 from BOS, each ended by EOS. A stand-in for what it was trained on.</summary>
public static class SelfWritten
{
    /// <summary>Writes documents until there are enough tokens; the same seed gives the same ones.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">Tokens that are wanted.</param>
    /// <param name="documentLength">Most tokens of a document, with BOS and EOS.</param>
    /// <param name="seed">Seed of the choices.</param>
    /// <param name="progress">Told of the tokens.</param>
    /// <param name="stop">Stops.</param>
    public static ITokens Write(Decoder model, int tokens, int documentLength, long seed, IProgressReporter progress, CancellationToken stop = default)
    {
        var ends = model.Config.EosTokenIds.ToHashSet();
        var start = model.Config.BosTokenId ?? 0;
        var ids = new List<int>(tokens + documentLength);
        using var task = progress.Begin("write text", tokens, "tokens");
        for (var document = 0; ids.Count < tokens; document++)
        {
            ids.Add(start);
            var options = new SamplingOptions { Temperature = 1, Seed = unchecked((int)(seed * 1_000_003 + document)) };
            foreach (var id in Generator.Continue(model, [start], Math.Max(1, Math.Min(documentLength, model.Config.MaxPositions) - 2), options, ends, stop))
            {
                ids.Add(id);
                task.Report(Math.Min(ids.Count, tokens));
            }
            if (model.Config.EosTokenIds is [var end, ..] && !ends.Contains(ids[^1]))
                ids.Add(end);
        }
        return TokenIds.FromList(ids.Take(tokens), "text that the teacher wrote itself", model.Config.VocabularySize);
    }
}
