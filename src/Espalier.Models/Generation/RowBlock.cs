using Espalier.Torch;

namespace Espalier.Models.Generation;

/// <summary>One block of a <see cref="RowDecoder"/>: what <see cref="Block"/> computes, on a few rows in memory that is there.</summary>
internal sealed class RowBlock
{
    private readonly DecoderConfig _config;
    private readonly RowWorkspace _work;
    private readonly LayerKind _kind;
    private readonly RowNorm? _inputNorm, _attentionOutputNorm, _postAttentionNorm, _mlpOutputNorm;
    private readonly RowBuffer? _queryNorm, _keyNorm;
    private readonly (RowBuffer Cos, RowBuffer Sin) _turns;
    private readonly RowProduct _query, _key, _value, _output;
    private readonly IRowFeedForward _mlp;
    private readonly RowBuffer _keys, _values;

    public RowBlock(PackedWeights weights, int layer, RowWorkspace work, RowBuffer keys, RowBuffer values)
    {
        (_config, _work, _keys, _values) = (weights.Config, work, keys, values);
        RowProduct Of(ParameterRole weight, ParameterRole bias, RowBuffer to) =>
            new(weights.Matrix(weight, layer), weights.Row(bias, layer), to);
        _kind = _config.LayerKinds[layer];
        _turns = work.Turns[_config.RotaryOf(layer)];
        _inputNorm = RowNorm.Maybe(weights, ParameterRole.InputNorm, ParameterRole.InputNormBias, layer);
        _attentionOutputNorm = RowNorm.Maybe(weights, ParameterRole.AttentionOutputNorm, ParameterRole.InputNormBias, layer);
        _postAttentionNorm = RowNorm.Maybe(weights, ParameterRole.PostAttentionNorm, ParameterRole.PostAttentionNormBias, layer);
        _mlpOutputNorm = RowNorm.Maybe(weights, ParameterRole.MlpOutputNorm, ParameterRole.PostAttentionNormBias, layer);
        _queryNorm = weights.NormRow(ParameterRole.QueryNorm, layer) ?? weights.NormRow(ParameterRole.QueryRowNorm, layer);
        _keyNorm = weights.NormRow(ParameterRole.KeyNorm, layer) ?? weights.NormRow(ParameterRole.KeyRowNorm, layer);
        _query = Of(ParameterRole.QueryProjection, ParameterRole.QueryProjectionBias, work.Queries);
        _key = Of(ParameterRole.KeyProjection, ParameterRole.KeyProjectionBias, work.Keys);
        _value = Of(ParameterRole.ValueProjection, ParameterRole.ValueProjectionBias, work.Values);
        _output = Of(ParameterRole.OutputProjection, ParameterRole.OutputProjectionBias, OutputOf(_attentionOutputNorm));
        _mlp = _kind.HasExperts
            ? new RowExperts(weights, layer, work, OutputOf(_mlpOutputNorm))
            : new RowFeedForward(weights, layer, work, OutputOf(_mlpOutputNorm));
    }

    /// <summary>Takes the rows of the stream through; each row's key and value go into the cache before any row looks back.</summary>
    /// <param name="table">Of each row the blocks of its sequence, as <see cref="RowOps.Attend"/> reads them.</param>
    /// <param name="positions">Of each row its position.</param>
    /// <param name="capacity">Positions of a block.</param>
    public void Forward(ReadOnlySpan<int> table, ReadOnlySpan<int> positions, int capacity)
    {
        var (rows, H) = (positions.Length, _config.HeadDim);
        var step = table.Length / rows;
        RowOps.Product(Normed(_inputNorm, rows), rows, adds: false, _query, _key, _value);
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
            var place = table[row * step + positions[row] / capacity] * capacity + positions[row] % capacity;
            _work.Keys.Row(row).CopyTo(_keys.Row(place));
            _work.Values.Row(row).CopyTo(_values.Row(place));
        }
        RowOps.Attend(_work.Queries, _keys, _values, capacity, table, positions, H, _kind.SlidingWindow, _work.Attended,
            _kind.AttentionScale,
            _kind.ScoreCap);
        RowOps.Product(_work.Attended, rows, IsAddedAtOnce(_attentionOutputNorm), _output);
        Add(rows, _attentionOutputNorm);

        _mlp.Forward(Normed(_postAttentionNorm, rows), rows, IsAddedAtOnce(_mlpOutputNorm));
        Add(rows, _mlpOutputNorm);
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
