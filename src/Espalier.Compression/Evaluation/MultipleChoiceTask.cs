using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Evaluation;

/// <summary>Some rows of a task, filled up to one length after, where causal attention never looks from.</summary>
/// <param name="Ids">[row][position].</param>
/// <param name="Rows">Rows.</param>
/// <param name="Length">Positions of a row.</param>
/// <param name="Positions">Positions that predict an id of a choice, counted through all rows.</param>
/// <param name="Targets">Those ids.</param>
/// <param name="FirstRow">Rows of the task that come before.</param>
internal sealed record MultipleChoiceBatch(long[] Ids, int Rows, int Length, long[] Positions, long[] Targets, int FirstRow);

/// <summary>What a model makes of a task.</summary>
/// <param name="NegativeLogProbability">
/// Mean over items of −log p[right], p the softmax over the choices of their log-likelihood a character: smooth where accuracy jumps.
/// </param>
/// <param name="Accuracy">
/// Share of items whose right choice has the largest log-likelihood a character, the first of equals: acc_norm of common harnesses.
/// </param>
internal readonly record struct MultipleChoiceResult(double NegativeLogProbability, double Accuracy);

/// <summary>
/// Multiple-choice items as a model reads them: a row for every choice, judged by the log-likelihood of the choice after its context, a
/// character.
/// </summary>
internal sealed class MultipleChoiceTask
{
    private readonly IReadOnlyList<MultipleChoiceItem> _items;

    /// <summary>Encodes the items.</summary>
    /// <param name="items">The items.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="positions">The model's positions; contexts are cut on the left to fit.</param>
    /// <param name="rows">Rows of the model's embedding table; null for as many as the tokenizer has ids.</param>
    /// <exception cref="EspalierException">There are no items, or a choice cannot be scored; the item is named.</exception>
    public MultipleChoiceTask(IReadOnlyList<MultipleChoiceItem> items, Tokenizer tokenizer, int positions, int? rows = null)
    {
        _items = items.Count > 0 ? items : throw new EspalierException("the task has no items");
        Rows = [.. items.SelectMany((item, i) => item.Choices.Select(choice => Encode(item, choice, i, tokenizer, positions)))];
        foreach (var row in Rows)
            tokenizer.RequireRows(row.Ids, rows ?? tokenizer.VocabularySize, "items");
    }

    /// <summary>The rows, item by item, choice by choice.</summary>
    public IReadOnlyList<MultipleChoiceRow> Rows { get; }

    /// <summary>The rows in batches.</summary>
    /// <param name="batch">Rows of a batch.</param>
    public IEnumerable<MultipleChoiceBatch> Batches(int batch)
    {
        for (var first = 0; first < Rows.Count; first += batch)
        {
            var rows = Rows.Skip(first).Take(batch).ToArray();
            var length = rows.Max(row => row.Ids.Length) - 1;
            var ids = new long[rows.Length * length];
            var (positions, targets) = (new List<long>(), new List<long>());
            foreach (var (r, row) in rows.Index())
                for (var t = 0; t < row.Ids.Length - 1; t++)
                {
                    ids[r * length + t] = row.Ids[t];
                    if (t + 1 < row.Ids.Length - row.Scored)
                        continue;
                    positions.Add(r * length + t);
                    targets.Add(row.Ids[t + 1]);
                }
            yield return new(ids, rows.Length, length, [.. positions], [.. targets], first);
        }
    }

    /// <summary>Judges by the log-likelihood of each row's choice.</summary>
    public MultipleChoiceResult Judge(IReadOnlyList<double> logLikelihoods)
    {
        var (sum, right) = (0.0, 0);
        foreach (var (loss, isRight) in ByItem(logLikelihoods))
            (sum, right) = (sum + loss, right + (isRight ? 1 : 0));
        return new(sum / _items.Count, (double)right / _items.Count);
    }

    /// <summary>−log p[right] of each item, and whether the right choice is the likeliest.</summary>
    public IEnumerable<(double NegativeLogProbability, bool IsRight)> ByItem(IReadOnlyList<double> logLikelihoods)
    {
        ArgumentNullException.ThrowIfNull(logLikelihoods);
        ArgumentOutOfRangeException.ThrowIfNotEqual(logLikelihoods.Count, Rows.Count);
        var row = 0;
        foreach (var item in _items)
        {
            var first = row;
            var scores = item.Choices.Select((_, i) => logLikelihoods[first + i] / Rows[first + i].Characters).ToArray();
            var most = scores.Max();
            row += item.Choices.Count;
            yield return (most + Math.Log(scores.Sum(score => Math.Exp(score - most))) - scores[item.Answer],
                Array.IndexOf(scores, most) == item.Answer);
        }
    }

    private static MultipleChoiceRow Encode(MultipleChoiceItem item, string choice, int number, Tokenizer tokenizer, int positions)
    {
        try
        {
            return MultipleChoiceRow.Of(tokenizer, item.Context, choice, positions);
        }
        catch (EspalierException error)
        {
            throw new EspalierException($"item {number}: {error.Message}");
        }
    }
}
