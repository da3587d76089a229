using Espalier.Models.Generation.Packed;
using Espalier.Torch;

namespace Espalier.Models.Generation.Rows;

/// <summary>One block of a <see cref="RowDecoder"/>: what <see cref="Block"/> computes, on a few rows in memory that is there.</summary>
internal sealed class RowBlock
{
    private readonly DecoderConfig _config;
    private readonly RowWorkspace _work;
    private readonly RowNorm? _inputNorm, _mixerOutputNorm, _postAttentionNorm, _mlpOutputNorm;
    private readonly IRowMixer? _mixer;
    private readonly IRowFeedForward? _mlp;

    /// <summary>The block of a layer.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="work">Where is computed.</param>
    /// <param name="keys">Keys of the cache, of a layer with attention.</param>
    /// <param name="values">The same of values.</param>
    /// <param name="states">States, of a recurrent layer.</param>
    public RowBlock(
        PackedWeights weights, int layer, RowWorkspace work, RowBuffer? keys, RowBuffer? values, RowStates? states)
    {
        (_config, _work) = (weights.Config, work);
        var kind = _config.LayerKinds[layer];
        _inputNorm = RowNorm.Maybe(weights, ParameterRole.InputNorm, ParameterRole.InputNormBias, layer);
        _mixerOutputNorm = RowNorm.Maybe(weights, ParameterRole.AttentionOutputNorm, ParameterRole.InputNormBias, layer);
        // A block that is a feed-forward half alone has one norm.
        _postAttentionNorm = !kind.HasMixer ? _inputNorm
            : RowNorm.Maybe(weights, ParameterRole.PostAttentionNorm, ParameterRole.PostAttentionNormBias, layer);
        _mlpOutputNorm = RowNorm.Maybe(weights, ParameterRole.MlpOutputNorm, ParameterRole.PostAttentionNormBias, layer);
        if (kind.HasAttention)
            _mixer = new RowAttention(weights, layer, work, keys!, values!, OutputOf(_mixerOutputNorm));
        else if (kind.HasMamba)
            _mixer = new RowMamba(weights, layer, work, states!, OutputOf(_mixerOutputNorm));
        else if (kind.HasDelta)
            _mixer = new RowDelta(weights, layer, work, states!, OutputOf(_mixerOutputNorm));
        if (kind.HasFeedForward)
            _mlp = kind.HasExperts
                ? new RowExperts(weights, layer, work, OutputOf(_mlpOutputNorm))
                : new RowFeedForward(weights, layer, work, OutputOf(_mlpOutputNorm));
    }

    /// <summary>Takes the rows of the stream through.</summary>
    public void Forward(in RowPlaces places)
    {
        var rows = places.Rows;
        if (_mixer is not null)
        {
            _mixer.Forward(Normed(_inputNorm, rows), places, IsAddedAtOnce(_mixerOutputNorm));
            Add(rows, _mixerOutputNorm);
        }
        if (_mlp is not null)
        {
            _mlp.Forward(Normed(_postAttentionNorm, rows), rows, IsAddedAtOnce(_mlpOutputNorm));
            Add(rows, _mlpOutputNorm);
        }
    }

    private bool IsAddedAtOnce(RowNorm? norm) => norm is null && _config.ResidualScale == 1;

    // Where a projection's result goes: into the stream, unless something is done to it before.
    private RowBuffer OutputOf(RowNorm? norm) => IsAddedAtOnce(norm) ? _work.Stream : _work.Added;

    private RowBuffer Normed(RowNorm? norm, int rows)
    {
        if (norm is null)
            return _work.Stream;
        norm.Forward(_work.Stream, rows, _work.Normed);
        return _work.Normed;
    }

    private void Add(int rows, RowNorm? norm)
    {
        if (IsAddedAtOnce(norm))
            return;
        norm?.Forward(_work.Added, rows, _work.Added);
        RowOps.AddScaled(_work.Added, rows, _config.ResidualScale, _work.Stream);
    }
}
