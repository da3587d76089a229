using Espalier.Models.Generation.Packed;
using Espalier.Models.Mixers;

namespace Espalier.Models.Generation.Rows;

/// <summary>What <see cref="GatedDeltaMixer"/> computes, a token a row, in memory that is there.</summary>
internal sealed class RowDelta : IRowMixer
{
    private readonly DecoderConfig _config;
    private readonly ScanSizes _sizes;
    private readonly RowWorkspace _work;
    private readonly RowStates _states;
    private readonly MatrixProduct<RowBuffer> _query, _key, _value, _gate, _strength, _step, _output;
    private readonly RowBuffer _queryTaps, _keyTaps, _valueTaps, _norm;
    private readonly (RowBuffer StepBias, RowBuffer LogDecay) _scan;

    public RowDelta(PackedWeights weights, int layer, RowWorkspace work, RowStates states, RowBuffer to)
    {
        (_config, _work, _states, _sizes) = (weights.Config, work, states, GatedDeltaMixer.SizesOf(weights.Config));
        MatrixProduct<RowBuffer> Of(ParameterRole weight, RowBuffer to) => new(weights.Matrix(weight, layer), null, to);
        RowBuffer Row(ParameterRole role) => weights.Row(role, layer)!;
        _query = Of(ParameterRole.DeltaQueryProjection, work.DeltaQueries);
        _key = Of(ParameterRole.DeltaKeyProjection, work.DeltaKeys);
        _value = Of(ParameterRole.DeltaValueProjection, work.DeltaValues);
        _gate = Of(ParameterRole.DeltaGateProjection, work.DeltaGate);
        _strength = Of(ParameterRole.DeltaStrengthProjection, work.DeltaStrengths);
        _step = Of(ParameterRole.DeltaStepProjection, work.DeltaSteps);
        _output = Of(ParameterRole.DeltaOutputProjection, to);
        _queryTaps = Row(ParameterRole.DeltaQueryConvolution);
        _keyTaps = Row(ParameterRole.DeltaKeyConvolution);
        _valueTaps = Row(ParameterRole.DeltaValueConvolution);
        _scan = (Row(ParameterRole.DeltaStepBias), Row(ParameterRole.DeltaLogDecay));
        _norm = Row(ParameterRole.DeltaNorm);
    }

    public void Forward(RowBuffer x, in RowPlaces places, bool adds)
    {
        ReadOnlySpan<int> slots = places.Slots, positions = places.Positions;
        var rows = places.Rows;
        RowOps.Product(x, rows, adds: false, _query, _key, _value);
        RowOps.Product(x, rows, adds: false, _gate, _strength, _step);
        RowMambaOps.Convolve(_work.DeltaQueries, _queryTaps, null, _states.Out, slots, positions);
        RowMambaOps.Convolve(_work.DeltaKeys, _keyTaps, null, _states.In, slots, positions);
        RowMambaOps.Convolve(_work.DeltaValues, _valueTaps, null, _states.Input, slots, positions);
        RowDeltaOps.Scan(
            _work.DeltaValues, _work.DeltaKeys, _work.DeltaQueries, _work.DeltaStrengths, _work.DeltaSteps, _scan, _sizes, _states.State,
            slots, positions);
        RowOps.RmsNorm(_work.DeltaValues, rows, _norm, _config.NormEpsilon, _work.DeltaValues);
        RowOps.SiluMul(_work.DeltaGate, _work.DeltaValues, rows);
        RowOps.Product(_work.DeltaGate, rows, adds, _output);
    }
}
