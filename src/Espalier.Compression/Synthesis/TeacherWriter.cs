using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Synthesis;

/// <summary>
/// Has a teacher write texts, several at once. What a text becomes depends on its prompt, the seed and its own number: not on the others,
/// nor on how many go together or were there before.
/// </summary>
/// <param name="teacher">Its weights, which stay the caller's.</param>
/// <param name="ends">Ids that end a text.</param>
/// <param name="seed">The run's seed.</param>
internal sealed class TeacherWriter(
    PackedWeights teacher, Tokenizer tokenizer, IReadOnlySet<int> ends, SynthesisOptions options, long seed)
{
    // Texts of which the prompts are handed over together: at their end some wait for the longest.
    private const int RoundsOfABatch = 32;

    // Ids in a row that count as a repetition.
    private const int Stretch = 4;

    /// <summary>A text's own seed, from 0: with it <c>generate</c> writes the same text.</summary>
    public static int SeedOf(long seed, int item) => (int)(SplitMix.Next(SplitMix.Next((ulong)seed) ^ (ulong)item) >> 34);

    /// <summary>Writes texts.</summary>
    /// <param name="prompts">What they are written after.</param>
    /// <param name="items">Their numbers.</param>
    /// <param name="onToken">Called with each token.</param>
    /// <param name="done">Receives each text as it is done.</param>
    /// <param name="stop">Stops; texts that are not done are lost.</param>
    public void Write(PromptList prompts, IReadOnlyList<int> items, Action onToken, Action<WrittenText> done, CancellationToken stop)
    {
        var ofRound = checked(options.Batch * RoundsOfABatch);
        foreach (var round in items.Chunk(ofRound))
        {
            var open = new List<(int Item, SynthesisPrompt Prompt)>();
            foreach (var item in round)
            {
                var prompt = prompts.Prompts[item % prompts.Prompts.Count];
                if (prompt.Ids.Count < teacher.Config.MaxPositions)
                    open.Add((item, prompt));
                else
                    done(new(item, "", 0, 0, 0, WrittenEnd.PromptTooLong));
            }
            var scores = new double[open.Count];
            GeneratorBatch.Continue(
                teacher, [.. open.Select(one => one.Prompt.Ids)], options.MaxTokens,
                place => options.Sampling(SeedOf(seed, open[place].Item)),
                ends, options.Batch, (_, _) => onToken(), onEnd: (place, ids) =>
                {
                    var (item, prompt) = open[place];
                    done(Text(item, prompt, prompts.Form, ids, scores[place]));
                }, stop: stop, onScore: (place, logProbability) => scores[place] += logProbability);
        }
    }

    private WrittenText Text(int item, SynthesisPrompt prompt, SynthesisForm form, IReadOnlyList<int> ids, double logLikelihood)
    {
        var end = ends.Contains(ids[^1]) ? WrittenEnd.Eos : ids.Count == options.MaxTokens ? WrittenEnd.MaxTokens : WrittenEnd.Positions;
        int[] own = [.. end == WrittenEnd.Eos ? ids.SkipLast(1) : ids];
        var text = form switch
        {
            SynthesisForm.Text => Decode([.. prompt.Ids, .. own]),
            SynthesisForm.Completion => After([.. prompt.Ids], own),
            _ => Decode(own),
        };
        return new(item, text, ids.Count, logLikelihood, TextMeasures.Repetition(own, Stretch), end);
    }

    // Decoded with what is before it, for the first id may begin with a blank, or within a character.
    private string After(int[] before, int[] own)
    {
        var (prompt, all) = (Decode(before), Decode([.. before, .. own]));
        return all.StartsWith(prompt, StringComparison.Ordinal) ? all[prompt.Length..] : Decode(own);
    }

    private string Decode(int[] ids) => tokenizer.Decode(ids, skipSpecialTokens: true);
}
