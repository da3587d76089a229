using Espalier.Torch;

namespace Espalier.Models.Generation;

/// <summary>One block of a <see cref="RowDecoder"/>: what <see cref="Block"/> computes, on a few rows in memory that is there.</summary>
internal sealed class RowBlock
{
    private readonly DecoderConfig _config;
    private readonly RowWorkspace _work;
    private readonly RowNorm _inputNorm, _postAttentionNorm;
    private readonly RowBuffer? _queryNorm, _keyNorm;
    private readonly RowProduct _query, _key, _value, _output, _up, _down;
    private readonly RowProduct? _gate;
    private readonly RowBuffer _keys, _values;

    public RowBlock(PackedWeights weights, int layer, RowWorkspace work, RowBuffer keys, RowBuffer values)
    {
        (_config, _work, _keys, _values) = (weights.Config, work, keys, values);
        RowProduct Of(ParameterRole weight, ParameterRole bias, RowBuffer to) => new(weights.Matrix(weight, layer), weights.Row(bias, layer), to);
        _inputNorm = new(weights, ParameterRole.InputNorm, ParameterRole.InputNormBias, layer);
        _postAttentionNorm = new(weights, ParameterRole.PostAttentionNorm, ParameterRole.PostAttentionNormBias, layer);
        (_queryNorm, _keyNorm) = (weights.Row(ParameterRole.QueryNorm, layer), weights.Row(ParameterRole.KeyNorm, layer));
        _query = Of(ParameterRole.QueryProjection, ParameterRole.QueryProjectionBias, work.Queries);
        _key = Of(ParameterRole.KeyProjection, ParameterRole.KeyProjectionBias, work.Keys);
        _value = Of(ParameterRole.ValueProjection, ParameterRole.ValueProjectionBias, work.Values);
        _output = Of(ParameterRole.OutputProjection, ParameterRole.OutputProjectionBias, work.Stream);
        _up = Of(ParameterRole.UpProjection, ParameterRole.UpProjectionBias, work.Up);
        _down = Of(ParameterRole.DownProjection, ParameterRole.DownProjectionBias, work.Stream);
        if (_config.Activation == ActivationKind.SwiGlu)
            _gate = Of(ParameterRole.GateProjection, ParameterRole.GateProjectionBias, work.Gate);
    }

    /// <summary>Takes the rows of the stream through; each row's key and value go into the cache before any row looks back.</summary>
    public void Forward(ReadOnlySpan<int> sequences, ReadOnlySpan<int> positions, int capacity)
    {
        var (rows, H) = (sequences.Length, _config.HeadDim);
        _inputNorm.Forward(_work.Stream, rows, _work.Normed);
        RowOps.Product(_work.Normed, rows, adds: false, _query, _key, _value);
        if (_queryNorm is not null)
            RowOps.RmsNorm(_work.Queries, rows, _queryNorm, _config.NormEpsilon, _work.Queries);
        if (_keyNorm is not null)
            RowOps.RmsNorm(_work.Keys, rows, _keyNorm, _config.NormEpsilon, _work.Keys);
        RowOps.Rotate(_work.Queries, H, _work.Cos, _work.Sin, rows);
        RowOps.Rotate(_work.Keys, H, _work.Cos, _work.Sin, rows);
        for (var row = 0; row < rows; row++)
        {
            var place = sequences[row] * capacity + positions[row];
            _work.Keys.Row(row).CopyTo(_keys.Row(place));
            _work.Values.Row(row).CopyTo(_values.Row(place));
        }
        RowOps.Attend(_work.Queries, _keys, _values, capacity, sequences, positions, H, _config.SlidingWindow, _work.Attended);
        RowOps.Product(_work.Attended, rows, adds: true, _output);

        _postAttentionNorm.Forward(_work.Stream, rows, _work.Normed);
        if (_gate is { } gate)
        {
            RowOps.Product(_work.Normed, rows, adds: false, gate, _up);
            RowOps.SiluMul(_work.Gate, _work.Up, rows);
        }
        else
        {
            RowOps.Product(_work.Normed, rows, adds: false, _up);
            RowOps.SquaredRelu(_work.Up, rows);
        }
        RowOps.Product(_gate is null ? _work.Up : _work.Gate, rows, adds: true, _down);
    }
}
