using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Importance.Depth;

/// <summary>What variants of a model are run on; read anew for every scan.</summary>
internal abstract class DepthData
{
    /// <summary>Rows of all batches.</summary>
    public abstract int Rows { get; }

    /// <summary>What a row is called in progress.</summary>
    public abstract string Unit { get; }

    /// <summary>The batches, in order.</summary>
    public abstract IEnumerable<DepthBatch> Batches();
}

/// <summary>The first windows of a text.</summary>
internal sealed class WindowData(WindowSet windows, int samples, int batch) : DepthData
{
    public override int Rows => samples;

    public override string Unit => "samples";

    public override IEnumerable<DepthBatch> Batches() => PackedText.Scored(windows, "importance").Batches(samples, batch)
        .Select(rows => new DepthBatch(rows.Inputs, rows.Size, rows.Sequence, rows.Targets, null, (int)rows.Windows[0]));
}

/// <summary>The choices of a task, each a row after its context.</summary>
internal sealed class ChoiceData(DepthTask task, int batch) : DepthData
{
    public override int Rows => task.Rows.Count;

    public override string Unit => "choices";

    public override IEnumerable<DepthBatch> Batches() => task.Batches(batch);
}
