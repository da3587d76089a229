using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Requests;

/// <summary>
/// Continues many texts, several at once and texts of about one length together, as lm-evaluation-harness's generate_until does: up to a
/// stop string, the end of text or a number of tokens. What a text becomes does not depend on the others. Not for several threads.
/// </summary>
/// <param name="model">The weights, which stay the caller's.</param>
/// <param name="ends">Ids that end a text (<see cref="StopIds"/>).</param>
internal sealed class Generations(PackedWeights model, Tokenizer tokenizer, IReadOnlySet<int> ends)
{
    private static readonly SamplingOptions s_greedy = new() { Temperature = 0 };

    /// <summary>Continues texts.</summary>
    /// <param name="stops">Stop strings; the end of text as it is written is one too.</param>
    /// <param name="maxTokens">Most tokens of each, from 1.</param>
    /// <param name="made">
    /// Receives each as it is done, with its place among the requests: the longest texts first. What was received need not be asked again
    /// when this ends early.
    /// </param>
    /// <param name="atOnce">Texts that go together.</param>
    /// <exception cref="EspalierException">
    /// The model has not more positions than <paramref name="maxTokens"/>, or no token for some of a text.
    /// </exception>
    public void Run(IReadOnlyList<GenerationRequest> requests, IReadOnlyList<string> stops, int maxTokens, Action<int, Generation> made,
        int atOnce = GeneratorBatch.Usual, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        var room = model.Config.MaxPositions - maxTokens;
        if (room < 1)
            throw new EspalierException(
                $"{maxTokens} tokens are to be generated, but the model has {model.Config.MaxPositions} positions, which leaves none "
                    + $"for the question; lower max-tokens, for one run with --max-tokens {Math.Max(1, model.Config.MaxPositions / 2)}");
        string[] written = [.. stops, .. ends.Order().Select(id => tokenizer.TokenText(id)).OfType<string>()];
        var prompts = requests.Select(Encode).ToArray();
        int[] order = [.. Enumerable.Range(0, prompts.Length).OrderByDescending(i => prompts[i].Length)];
        int[][] sorted = [.. order.Select(i => prompts[i].Length <= room ? prompts[i] : prompts[i][^room..])];
        var seekers = new StopStrings?[order.Length];
        var stopped = new bool[order.Length];

        GeneratorBatch.Continue(model, sorted, maxTokens, place => requests[order[place]].Sampling ?? s_greedy, ends, atOnce, isEnd: IsEnd,
            onEnd: OnEnd, stop: stop);

        bool IsEnd(int place, int id)
        {
            if (ends.Contains(id))
                return true;
            seekers[place] ??= new(written, tokenizer.CreateDecodeStream(skipSpecialTokens: true));
            return stopped[place] = seekers[place]!.Ends(id);
        }

        void OnEnd(int place, IReadOnlyList<int> ids)
        {
            seekers[place] = null;
            var hasEnded = ends.Contains(ids[^1]);
            var text = tokenizer.Decode([.. hasEnded ? ids.SkipLast(1) : ids], skipSpecialTokens: true);
            made(order[place], new(
                StopStrings.Cut(text, written), ids.Count,
                hasEnded ? GenerationEnd.EndOfText : stopped[place] ? GenerationEnd.StopString : GenerationEnd.Length,
                prompts[order[place]].Length - sorted[place].Length));
        }
    }

    private int[] Encode(GenerationRequest request)
    {
        var ids = tokenizer.Encode(request.Prompt);
        // A text that brings its own BOS gets no second one.
        if (tokenizer.DoublesBos(ids))
            ids = ids[1..];
        if (ids.Length == 0)
            ids = tokenizer.BosId is { } bos ? [bos]
                : throw new EspalierException($"{request.Place}: the prompt is empty, but the tokenizer has no BOS to begin with");
        tokenizer.RequireRows(ids, model.Config.VocabularySize, request.Place);
        return ids;
    }
}
