using Espalier.Models.Generation.Packed;

namespace Espalier.Models.Generation.Rows;

/// <summary>One block of a <see cref="RowDecoder"/>: what <see cref="Block"/> computes, on a few rows in memory that is there.</summary>
internal sealed class RowBlock : PackedBlock<RowBuffer>
{
    private readonly RowWorkspace _work;
    private readonly IRowMixer? _mixer;
    private readonly IRowFeedForward? _mlp;

    public RowBlock(
        PackedWeights weights, int layer, RowWorkspace work, RowBuffer? keys, RowBuffer? values, RowStates? states) : base(weights, layer)
    {
        _work = work;
        var kind = weights.Config.LayerKinds[layer];
        if (kind.HasAttention)
            _mixer = new RowAttention(weights, layer, work, keys!, values!, OutputOf(MixerOutputNorm));
        else if (kind.HasMamba)
            _mixer = new RowMamba(weights, layer, work, states!, OutputOf(MixerOutputNorm));
        else if (kind.HasDelta)
            _mixer = new RowDelta(weights, layer, work, states!, OutputOf(MixerOutputNorm));
        if (kind.HasFeedForward)
            _mlp = kind.HasExperts
                ? new RowExperts(weights, layer, work, OutputOf(MlpOutputNorm))
                : new RowFeedForward(weights, layer, work, OutputOf(MlpOutputNorm));
    }

    /// <summary>Takes the rows of the stream through.</summary>
    public void Forward(in RowPlaces places)
    {
        var rows = places.Rows;
        if (_mixer is not null)
        {
            _mixer.Forward(Normed(InputNorm, rows), places, IsAddedAtOnce(MixerOutputNorm));
            Add(rows, MixerOutputNorm);
        }
        if (_mlp is not null)
        {
            _mlp.Forward(Normed(PostAttentionNorm, rows), rows, IsAddedAtOnce(MlpOutputNorm));
            Add(rows, MlpOutputNorm);
        }
    }

    protected override RowBuffer Stream => _work.Stream;

    protected override RowBuffer NormedStream => _work.Normed;

    protected override RowBuffer Added => _work.Added;

    protected override void Norm(PackedNorm norm, RowBuffer x, int count, RowBuffer to) => norm.Forward(x, count, to);

    protected override void AddScaled(RowBuffer x, int count, double scale, RowBuffer to) => RowOps.AddScaled(x, count, scale, to);
}
