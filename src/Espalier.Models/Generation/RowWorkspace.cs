using Espalier.Torch;

namespace Espalier.Models.Generation;

/// <summary>
/// Where a <see cref="RowDecoder"/> keeps what it computes on the way; all blocks use the same memory, one after the other.
/// </summary>
internal sealed class RowWorkspace(DecoderConfig config, int rows) : IDisposable
{
    private readonly List<RowBuffer> _all = [];

    /// <summary>Rows that there is room for.</summary>
    public int Rows => rows;

    /// <summary>The residual stream.</summary>
    public RowBuffer Stream => field ??= New(config.HiddenSize);

    public RowBuffer Normed => field ??= New(config.HiddenSize);

    /// <summary>What half of a block gives, where it is not added to the stream at once.</summary>
    public RowBuffer Added => field ??= New(config.HiddenSize);

    public RowBuffer Queries => field ??= New((long)config.QueryHeads * config.HeadDim);

    public RowBuffer Keys => field ??= New((long)config.KeyValueHeads * config.HeadDim);

    public RowBuffer Values => field ??= New((long)config.KeyValueHeads * config.HeadDim);

    public RowBuffer Attended => field ??= New((long)config.QueryHeads * config.HeadDim);

    public RowBuffer Gate => field ??= New(config.IntermediateSize);

    public RowBuffer Up => field ??= New(config.IntermediateSize);

    /// <summary>What the router of a mixture of experts gives, and then the weights.</summary>
    public RowBuffer Routed => field ??= New(config.Experts);

    /// <summary>The rows that one expert reads.</summary>
    public RowBuffer ExpertRows => field ??= New(config.HiddenSize);

    public RowBuffer ExpertGate => field ??= New(config.ExpertIntermediateSize);

    public RowBuffer ExpertUp => field ??= New(config.ExpertIntermediateSize);

    /// <summary>What one expert gives.</summary>
    public RowBuffer ExpertOutput => field ??= New(config.HiddenSize);

    public RowBuffer Logits => field ??= New(config.VocabularySize);

    /// <summary>Of each row the cosines of its position.</summary>
    public RowBuffer Cos => field ??= New((int)(config.HeadDim * config.Rotary.Fraction) / 2);

    public RowBuffer Sin => field ??= New((int)(config.HeadDim * config.Rotary.Fraction) / 2);

    public void Dispose() => _all.ForEach(buffer => buffer.Dispose());

    private RowBuffer New(long width)
    {
        _all.Add(new(rows, width));
        return _all[^1];
    }
}
