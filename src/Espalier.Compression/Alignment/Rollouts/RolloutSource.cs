using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Alignment.Rollouts;

/// <summary>How often a student writes anew, and how much.</summary>
/// <param name="Batch">Answers of a step.</param>
/// <param name="Steps">Steps of the training.</param>
/// <param name="Refresh">Steps between two writings.</param>
/// <param name="Lengths">Most tokens of an answer.</param>
internal sealed record RolloutPlan(int Batch, long Steps, long Refresh, RolloutLengths Lengths);

/// <summary>
/// What a student itself writes to prompts, written anew every so many steps by the student as it is then. Each writing is kept in a sealed
/// file before a step learns from it: a training that goes on in the midst of an interval reads what its earlier self wrote.
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
    private Rollout[] _written = [];
    private long _interval = -1;

    /// <summary>A file.</summary>
    /// <param name="FormatVersion">1.</param>
    /// <param name="Step">The step before which it was written.</param>
    /// <param name="Rollouts">The answers, in the order of the stream.</param>
    internal sealed record Kept(int FormatVersion, long Step, IReadOnlyList<Rollout> Rollouts);

    public int Sequence => sequence;

    public long WindowAt(long position) => order.WindowAt(position);

    public void Draw(long step)
    {
        var interval = step / plan.Refresh;
        if (interval == _interval)
            return;
        var begin = interval * plan.Refresh;
        _written = step == begin ? Write(begin) : Read(begin, step);
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
        var (first, steps) = (step * plan.Batch, Math.Min(plan.Refresh, plan.Steps - step));
        long[] asked = [.. Enumerable.Range(0, checked((int)(steps * plan.Batch))).Select(i => order.WindowAt(first + i))];
        var written = writer.Write(student, asked, first, plan.Lengths.At(step, plan.Steps), stop);
        DurableOutput.Guard(folder, () => DurableFiles.OnDisk.EnsureFolder(folder));
        DurableOutput.WriteFile(PathOf(step), SealedJson.Bytes(new(1, step, written), RecordJson.Of<Kept>()));
        return written;
    }

    private Rollout[] Read(long begin, long step)
    {
        var path = PathOf(begin);
        if (!File.Exists(path))
            throw new EspalierException(
                $"{path} is not there: the training goes on at step {step}, and learns from what was written before step {begin}; delete "
                    + $"{Path.GetDirectoryName(folder)} and start again")
            { ExitCode = 1 };
        var kept = SealedJson.Read(path, RecordJson.Of<Kept>(), knownVersion: 1);
        return kept.Step == begin ? [.. kept.Rollouts]
            : throw new EspalierException($"{path}: was written before step {kept.Step} and not before step {begin}") { ExitCode = 1 };
    }

    private string PathOf(long step) => Path.Combine(folder, $"step-{step:D9}.json");
}
