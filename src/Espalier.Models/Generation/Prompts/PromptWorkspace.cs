namespace Espalier.Models.Generation.Prompts;

/// <summary>
/// Where a <see cref="PromptDecoder"/> keeps what it computes on the way; all blocks use the same memory, one after the other.
/// </summary>
/// <param name="config">The model's shape.</param>
/// <param name="positions">Most positions that go through at once.</param>
internal sealed class PromptWorkspace(DecoderConfig config, int positions) : IDisposable
{
    private readonly List<IDisposable> _all = [];

    /// <summary>The embedding's rows, before they lie in panels.</summary>
    public RowBuffer Embedded => field ??= Kept(new RowBuffer(positions, config.HiddenSize));

    /// <summary>The residual stream.</summary>
    public PanelBuffer Stream => field ??= New(config.HiddenSize);

    public PanelBuffer Normed => field ??= New(config.HiddenSize);

    /// <summary>What half of a block gives, where it is not added to the stream at once.</summary>
    public PanelBuffer Added => field ??= New(config.HiddenSize);

    public PanelBuffer Queries => field ??= New((long)config.QueryHeads * config.HeadDim);

    /// <summary>Gates of what attention gives, and then what they let through.</summary>
    public PanelBuffer QueryGates => field ??= New((long)config.QueryHeads * config.HeadDim);

    public PanelBuffer Keys => field ??= New((long)config.KeyValueHeads * config.HeadDim);

    public PanelBuffer Values => field ??= New((long)config.KeyValueHeads * config.HeadDim);

    public PanelBuffer Attended => field ??= New((long)config.QueryHeads * config.HeadDim);

    /// <summary>What the down projection reads.</summary>
    public PanelBuffer Units => field ??= New(config.IntermediateSize);

    /// <summary>Of each position the cosines and sines, of each of <see cref="DecoderConfig.Rotaries"/>.</summary>
    public (PanelBuffer Cos, PanelBuffer Sin)[] Turns => field ??=
        [.. config.Rotaries.Select(rotary => (int)(config.HeadDim * rotary.Fraction) / 2).Select(width => (New(width), New(width)))];

    /// <summary>
    /// Goes on with the last panel of some positions alone, as the first one: the stream, what is normed of it and the turns.
    /// </summary>
    /// <returns>Positions before it.</returns>
    public int KeepLast(int positions)
    {
        var last = PanelBuffer.PanelsOf(positions) - 1;
        foreach (var buffer in (PanelBuffer[])[Stream, Normed, .. Turns.SelectMany(turns => new[] { turns.Cos, turns.Sin })])
            if (last > 0)
                buffer.Memory.Row(last).CopyTo(buffer.Memory.Row(0));
        return last * PanelBuffer.Wide;
    }

    public void Dispose() => _all.ForEach(buffer => buffer.Dispose());

    private PanelBuffer New(long channels) => Kept(new PanelBuffer(positions, channels));

    private T Kept<T>(T buffer) where T : IDisposable
    {
        _all.Add(buffer);
        return buffer;
    }
}
