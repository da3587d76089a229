using Espalier.Models.Generation.Packed;
using Espalier.Models.Mixers;

namespace Espalier.Models.Generation.Rows;

/// <summary>What <see cref="SelfAttention"/> computes, on a few rows in memory that is there.</summary>
internal sealed class RowAttention : IRowMixer
{
    private readonly DecoderConfig _config;
    private readonly RowWorkspace _work;
    private readonly LayerKind _kind;
    private readonly RowBuffer? _queryNorm, _keyNorm, _sinks;
    private readonly (RowBuffer Cos, RowBuffer Sin) _turns;
    private readonly MatrixProduct<RowBuffer> _query, _key, _value, _output;
    private readonly MatrixProduct<RowBuffer>? _gate;
    private readonly RowBuffer _keys, _values;

    public RowAttention(PackedWeights weights, int layer, RowWorkspace work, RowBuffer keys, RowBuffer values, RowBuffer to)
    {
        (_config, _work, _keys, _values) = (weights.Config, work, keys, values);
        _kind = _config.LayerKinds[layer];
        _turns = work.Turns[_config.RotaryOf(layer)];
        _queryNorm = weights.NormRow(ParameterRole.QueryNorm, layer) ?? weights.NormRow(ParameterRole.QueryRowNorm, layer);
        _keyNorm = weights.NormRow(ParameterRole.KeyNorm, layer) ?? weights.NormRow(ParameterRole.KeyRowNorm, layer);
        _sinks = weights.Row(ParameterRole.AttentionSinks, layer);
        _query = weights.Product(ParameterRole.QueryProjection, ParameterRole.QueryProjectionBias, layer, work.Queries);
        if (_kind.HasAttentionGate)
            _gate = weights.Product(ParameterRole.QueryGateProjection, ParameterRole.QueryGateProjectionBias, layer, work.QueryGates);
        _key = weights.Product(ParameterRole.KeyProjection, ParameterRole.KeyProjectionBias, layer, work.Keys);
        _value = weights.Product(ParameterRole.ValueProjection, ParameterRole.ValueProjectionBias, layer, work.Values);
        _output = weights.Product(ParameterRole.OutputProjection, ParameterRole.OutputProjectionBias, layer, to);
    }

    /// <summary>Each row's key and value go into the cache before any row looks back.</summary>
    public void Forward(RowBuffer x, in RowPlaces places, bool adds)
    {
        var (rows, H, capacity) = (places.Rows, _config.HeadDim, places.Capacity);
        var step = places.Table.Length / rows;
        RowOps.Product(x, rows, adds: false, _query, _key, _value);
        if (_gate is { } gate)
            RowOps.Product(x, rows, adds: false, gate);
        if (_queryNorm is not null)
            RowOps.RmsNorm(_work.Queries, rows, _queryNorm, _config.NormEpsilon, _work.Queries);
        if (_keyNorm is not null)
            RowOps.RmsNorm(_work.Keys, rows, _keyNorm, _config.NormEpsilon, _work.Keys);
        if (_kind.IsRotary)
        {
            RowOps.Rotate(_work.Queries, H, _turns.Cos, _turns.Sin, rows);
            RowOps.Rotate(_work.Keys, H, _turns.Cos, _turns.Sin, rows);
        }
        for (var row = 0; row < rows; row++)
        {
            var position = places.Positions[row];
            var place = places.Table[row * step + position / capacity] * capacity + position % capacity;
            _work.Keys.Row(row).CopyTo(_keys.Row(place));
            _work.Values.Row(row).CopyTo(_values.Row(place));
        }
        RowOps.Attend(_work.Queries, _keys, _values, capacity, places.Table, places.Positions, H, _kind.SlidingWindow, _work.Attended,
            _kind.AttentionScale, _kind.ScoreCap, _sinks);
        if (_gate is null)
            RowOps.Product(_work.Attended, rows, adds, _output);
        else
        {
            RowOps.SigmoidMul(_work.QueryGates, _work.Attended, rows);
            RowOps.Product(_work.QueryGates, rows, adds, _output);
        }
    }
}
