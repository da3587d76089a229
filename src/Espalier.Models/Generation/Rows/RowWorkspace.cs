namespace Espalier.Models.Generation.Rows;

/// <summary>
/// Where a <see cref="RowDecoder"/> keeps what it computes on the way; all blocks use the same memory, one after the other.
/// </summary>
/// <param name="config">The model's shape.</param>
/// <param name="rows">Most rows that go through at once.</param>
/// <param name="wanted">Most of them whose logits are asked for.</param>
internal sealed class RowWorkspace(DecoderConfig config, int rows, int wanted) : IDisposable
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

    /// <summary>Gates of what attention gives, and then what they let through.</summary>
    public RowBuffer QueryGates => field ??= New((long)config.QueryHeads * config.HeadDim);

    public RowBuffer Keys => field ??= New((long)config.KeyValueHeads * config.HeadDim);

    public RowBuffer Values => field ??= New((long)config.KeyValueHeads * config.HeadDim);

    public RowBuffer Attended => field ??= New((long)config.QueryHeads * config.HeadDim);

    /// <summary>What a state-space mixer's projections give: z, x, B, C and dt.</summary>
    public RowBuffer MambaGate => field ??= New(config.Mamba.Channels);

    public RowBuffer MambaInput => field ??= New(config.Mamba.Channels);

    public RowBuffer MambaIn => field ??= New(config.Mamba.StateChannels);

    public RowBuffer MambaOut => field ??= New(config.Mamba.StateChannels);

    public RowBuffer MambaSteps => field ??= New(config.Mamba.Heads);

    /// <summary>What the projections of linear attention give: q, k, v, z, b and a.</summary>
    public RowBuffer DeltaQueries => field ??= New(config.Delta.StateChannels);

    public RowBuffer DeltaKeys => field ??= New(config.Delta.StateChannels);

    public RowBuffer DeltaValues => field ??= New(config.Delta.Channels);

    public RowBuffer DeltaGate => field ??= New(config.Delta.Channels);

    public RowBuffer DeltaStrengths => field ??= New(config.Delta.Heads);

    public RowBuffer DeltaSteps => field ??= New(config.Delta.Heads);

    public RowBuffer Gate => field ??= New(config.IntermediateSize);

    public RowBuffer Up => field ??= New(config.IntermediateSize);

    /// <summary>What the router of a mixture of experts gives, and then the weights.</summary>
    public RowBuffer Routed => field ??= New(config.Experts);

    public RowBuffer ExpertRows => field ??= New(config.HiddenSize);

    public RowBuffer ExpertGate => field ??= New(config.ExpertIntermediateSize);

    public RowBuffer ExpertUp => field ??= New(config.ExpertIntermediateSize);

    public RowBuffer SharedGate => field ??= New(config.SharedIntermediateSize);

    public RowBuffer SharedUp => field ??= New(config.SharedIntermediateSize);

    /// <summary>What the weight of the expert that every row goes to is made of.</summary>
    public RowBuffer SharedWeight => field ??= New(1);

    public RowBuffer ExpertOutput => field ??= New(config.HiddenSize);

    public RowBuffer Logits => field ??= New(config.VocabularySize, wanted);

    /// <summary>Of each row the cosines and sines of its position, of each of <see cref="DecoderConfig.Rotaries"/>.</summary>
    public (RowBuffer Cos, RowBuffer Sin)[] Turns => field ??=
        [.. config.Rotaries.Select(rotary => (int)(config.HeadDim * rotary.Fraction) / 2).Select(width => (New(width), New(width)))];

    public void Dispose() => _all.ForEach(buffer => buffer.Dispose());

    private RowBuffer New(long width, int? count = null)
    {
        _all.Add(new(count ?? rows, width));
        return _all[^1];
    }
}
