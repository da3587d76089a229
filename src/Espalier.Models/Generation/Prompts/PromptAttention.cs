using Espalier.Models.Generation.Packed;
using Espalier.Models.Mixers;

namespace Espalier.Models.Generation.Prompts;

/// <summary>What <see cref="SelfAttention"/> computes, on the positions of a prompt in memory that is there.</summary>
internal sealed class PromptAttention
{
    private readonly DecoderConfig _config;
    private readonly PromptWorkspace _work;
    private readonly LayerKind _kind;
    private readonly RowBuffer? _queryNorm, _keyNorm;
    private readonly (PanelBuffer Cos, PanelBuffer Sin) _turns;
    private readonly MatrixProduct<PanelBuffer> _query, _key, _value, _output;
    private readonly MatrixProduct<PanelBuffer>? _gate;
    private readonly RowBuffer _keys, _values;

    public PromptAttention(PackedWeights weights, int layer, PromptWorkspace work, RowBuffer keys, RowBuffer values, PanelBuffer to)
    {
        (_config, _work, _keys, _values) = (weights.Config, work, keys, values);
        _kind = _config.LayerKinds[layer];
        _turns = work.Turns[_config.RotaryOf(layer)];
        _queryNorm = weights.NormRow(ParameterRole.QueryNorm, layer) ?? weights.NormRow(ParameterRole.QueryRowNorm, layer);
        _keyNorm = weights.NormRow(ParameterRole.KeyNorm, layer) ?? weights.NormRow(ParameterRole.KeyRowNorm, layer);
        _query = weights.Product(ParameterRole.QueryProjection, ParameterRole.QueryProjectionBias, layer, work.Queries);
        if (_kind.HasAttentionGate)
            _gate = weights.Product(ParameterRole.QueryGateProjection, ParameterRole.QueryGateProjectionBias, layer, work.QueryGates);
        _key = weights.Product(ParameterRole.KeyProjection, ParameterRole.KeyProjectionBias, layer, work.Keys);
        _value = weights.Product(ParameterRole.ValueProjection, ParameterRole.ValueProjectionBias, layer, work.Values);
        _output = weights.Product(ParameterRole.OutputProjection, ParameterRole.OutputProjectionBias, layer, to);
    }

    /// <summary>Puts the positions' keys and values into the cache.</summary>
    /// <param name="x">Positions of the stream, normed.</param>
    /// <param name="place">The prompt's row in the cache, the first position, and how many.</param>
    public void Remember(PanelBuffer x, (int Begin, int First, int Count) place)
    {
        PanelOps.Product(x, place.Count, adds: false, _key, _value);
        Turn(_work.Keys, _keyNorm, place.Count);
        PanelOps.ToRows(_work.Keys, place.Count, _keys, place.Begin + place.First);
        PanelOps.ToRows(_work.Values, place.Count, _values, place.Begin + place.First);
    }

    /// <summary>Takes positions through, to where the results go; their keys and values are in the cache.</summary>
    /// <param name="x">Positions of the stream, normed.</param>
    /// <param name="place">The same of <see cref="Remember"/>.</param>
    /// <param name="adds">Whether results are added to what is there.</param>
    public void LookBack(PanelBuffer x, (int Begin, int First, int Count) place, bool adds)
    {
        var (begin, first, count) = place;
        PanelOps.Product(x, count, adds: false, _query);
        if (_gate is { } gate)
            PanelOps.Product(x, count, adds: false, gate);
        Turn(_work.Queries, _queryNorm, count);
        PanelOps.Attend(_work.Queries, count, _keys, _values, begin, first, _config.HeadDim, _kind.SlidingWindow, _work.Attended,
            _kind.AttentionScale, _kind.ScoreCap);
        if (_gate is null)
            PanelOps.Product(_work.Attended, count, adds, _output);
        else
        {
            RowOps.SigmoidMul(_work.QueryGates.Memory, _work.Attended.Memory, PanelBuffer.PanelsOf(count));
            PanelOps.Product(_work.QueryGates, count, adds, _output);
        }
    }

    private void Turn(PanelBuffer heads, RowBuffer? norm, int count)
    {
        if (norm is not null)
            PanelOps.RmsNorm(heads, count, norm, _config.NormEpsilon, heads);
        if (_kind.IsRotary)
            PanelOps.Rotate(heads, _config.HeadDim, _turns.Cos, _turns.Sin, count);
    }
}
