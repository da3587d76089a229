using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Models.Generation;

/// <summary>
/// Continues many prompts, a number of them at once: each weight is read once for all of them. A prompt gets the ids that it would get
/// alone, whatever the others are and however many go together.
/// </summary>
internal static class GeneratorBatch
{
    /// <summary>Prompts that go together where nothing else is asked.</summary>
    public const int Usual = 8;

    /// <summary>
    /// What follows each prompt, in the order of the prompts, each ended as
    /// <see cref="Generator.Continue(PackedWeights, IReadOnlyList{int}, int, SamplingOptions, IReadOnlySet{int}?, CancellationToken)"/>
    /// says.
    /// </summary>
    /// <param name="model">The weights, which stay the caller's.</param>
    /// <param name="prompts">Ids of each prompt, of any lengths.</param>
    /// <param name="maxTokens">Most ids that follow each.</param>
    /// <param name="options">How the ids of a prompt, by its number, are chosen; a seed is its own.</param>
    /// <param name="stopIds">Ids that end a continuation, or null.</param>
    /// <param name="atOnce">Prompts that go together, from 1; their keys and values are in memory.</param>
    /// <param name="onToken">Receives each id as it is chosen: prompt's number and id. Null where nobody asks.</param>
    /// <param name="isEnd">Whether a continuation ends with the id that was just chosen: prompt's number and id. Null never.</param>
    /// <param name="onEnd">Receives each continuation as it is done, in the order of their ends. Null where nobody asks.</param>
    /// <param name="onScore">
    /// Receives what the model thinks of each id that is chosen (<see cref="Choice.LogProbability"/>), with the prompt's number, before
    /// <paramref name="onToken"/> and the others. Null where nobody asks.
    /// </param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="EspalierException">A prompt that cannot be continued.</exception>
    public static IReadOnlyList<IReadOnlyList<int>> Continue(
        PackedWeights model, IReadOnlyList<IReadOnlyList<int>> prompts, int maxTokens, Func<int, SamplingOptions> options,
        IReadOnlySet<int>? stopIds = null, int atOnce = Usual, Action<int, int>? onToken = null,
        Func<int, int, bool>? isEnd = null, Action<int, IReadOnlyList<int>>? onEnd = null,
        Action<int, double>? onScore = null, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atOnce, 1);
        var counts = prompts.Select((prompt, i) => Generator.Check(model.Config, prompt, maxTokens, options(i))).ToArray();
        var made = prompts.Select(_ => new List<int>()).ToArray();
        if (prompts.Count == 0 || maxTokens == 0)
            return made;
        var places = Math.Min(atOnce, prompts.Count);
        using var decoder = new RowDecoder(model, places, prompts.Zip(counts, (prompt, count) => prompt.Count + count).Max());
        var free = new Stack<int>(Enumerable.Range(0, places).Reverse());
        var rows = new List<Row>(places);
        int[] sequences = new int[places], positions = new int[places], ids = new int[places];
        for (var waiting = 0; waiting < prompts.Count || rows.Count > 0;)
        {
            stop.ThrowIfCancellationRequested();
            // A place that became free is taken at once.
            while (waiting < prompts.Count && free.Count > 0)
                Begin(waiting++);
            for (var r = rows.Count - 1; r >= 0; r--)
                if (decoder.IsToBegin(rows[r].Position + 1))
                    BeginAgain(r);
            for (var r = 0; r < rows.Count; r++)
                (sequences[r], positions[r], ids[r]) = (rows[r].Sequence, rows[r].Position, made[rows[r].Prompt][^1]);
            if (rows.Count == 0)
                continue;
            var count = rows.Count;
            decoder.Next(sequences.AsSpan(0, count), positions.AsSpan(0, count), ids.AsSpan(0, count));
            for (var r = 0; r < count; r++)
                rows[r] = rows[r] with
                {
                    Position = rows[r].Position + 1,
                    IsDone = Take(rows[r].Prompt, rows[r].Choice, decoder.Logits(r)),
                };
            foreach (var row in rows.Where(row => row.IsDone))
                free.Push(row.Sequence);
            rows.RemoveAll(row => row.IsDone);
        }
        return made;

        void Begin(int prompt)
        {
            if (counts[prompt] == 0)
                return;
            var choice = new Choice(options(prompt), prompts[prompt], scores: onScore is not null);
            var sequence = free.Peek();
            if (Take(prompt, choice, decoder.Begin(sequence, [.. prompts[prompt]], stop)))
                return;
            rows.Add(new(prompt, free.Pop(), prompts[prompt].Count, choice, IsDone: false));
        }

        void BeginAgain(int r)
        {
            var row = rows[r];
            var logits = decoder.Begin(row.Sequence, [.. prompts[row.Prompt], .. made[row.Prompt]], stop);
            rows[r] = row with { Position = row.Position + 1 };
            if (!Take(row.Prompt, row.Choice, logits))
                return;
            free.Push(row.Sequence);
            rows.RemoveAt(r);
        }

        bool Take(int prompt, Choice choice, Span<float> logits)
        {
            var id = choice.Of(logits);
            onScore?.Invoke(prompt, choice.LogProbability);
            made[prompt].Add(id);
            onToken?.Invoke(prompt, id);
            // Whoever looks for an end sees every id, the last one too.
            var ends = isEnd?.Invoke(prompt, id) == true;
            if (!ends && made[prompt].Count < counts[prompt] && stopIds?.Contains(id) != true)
                return false;
            onEnd?.Invoke(prompt, made[prompt]);
            return true;
        }
    }

    private readonly record struct Row(int Prompt, int Sequence, int Position, Choice Choice, bool IsDone);
}
