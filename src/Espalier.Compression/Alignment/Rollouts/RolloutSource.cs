using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Alignment.Rollouts;

/// <summary>How often a student writes anew, and how much.</summary>
/// <param name="Batch">Answers of a step.</param>
/// <param name="Steps">Steps of the training.</param>
/// <param name="Refresh">Steps between two writings.</param>
/// <param name="Lengths">Most tokens of an answer.</param>
internal sealed record RolloutPlan(int Batch, long Steps, long Refresh, RolloutLengths Lengths)
{
    /// <summary>Answers that are written before a step, until the next writing.</summary>
    /// <exception cref="EspalierException">More than a list holds.</exception>
    public int AnswersFrom(long step)
    {
        var steps = Math.Min(Refresh, Steps - step);
        return steps <= Array.MaxLength / Batch ? (int)(steps * Batch)
            : throw new EspalierException(
                $"refresh: {Units.Count(steps)} steps of {Batch} answers are more than can be written at once; use fewer steps");
    }
}

/// <summary>
/// What a student itself writes to prompts, written anew every so many steps by the student as it is then. Each writing is kept in
/// <see cref="RolloutFiles"/> before a step learns from it: a training that goes on in the midst of an interval reads what its earlier self
/// wrote.
/// </summary>
/// <param name="writer">Lets it write.</param>
/// <param name="order">Which prompt stands where.</param>
/// <param name="sequence">Inputs of a row.</param>
/// <param name="folder">Where the files lie; created.</param>
/// <param name="stop">Stops a writing.</param>
internal sealed class RolloutSource(
    Decoder student, RolloutWriter writer, SampleOrder order, int sequence, RolloutPlan plan, string folder, CancellationToken stop)
    : IDrawnSource
{
    private readonly RolloutRows _rows = new(writer.Prompts, sequence);
    private readonly RolloutFiles _files = new(folder);
    private Rollout[] _written = [];
    private long _interval = -1;

    public int Sequence => sequence;

    public long WindowAt(long position) => order.WindowAt(position);

    public void Draw(long step)
    {
        var interval = step / plan.Refresh;
        if (interval == _interval)
            return;
        var begin = interval * plan.Refresh;
        _written = step == begin ? Write(begin) : _files.Read(begin, step);
        _interval = interval;
    }

    public long CountedTokens(long first, int rows)
    {
        var counted = 0L;
        for (var i = 0; i < rows; i++)
            counted += At(first + i).Written.Length;
        return counted;
    }

    public Batch Allocate(int rows) => _rows.Allocate(rows);

    public void Fill(Batch batch, long first)
    {
        for (var row = 0; row < batch.Size; row++)
            _rows.Fill(batch, row, At(first + row));
    }

    private Rollout At(long position) => _written[position - _interval * plan.Refresh * plan.Batch];

    private Rollout[] Write(long step)
    {
        var first = step * plan.Batch;
        long[] asked = [.. Enumerable.Range(0, plan.AnswersFrom(step)).Select(i => order.WindowAt(first + i))];
        var written = writer.Write(student, asked, first, plan.Lengths.At(step, plan.Steps), stop);
        _files.Write(step, written);
        return written;
    }
}
