using Espalier.Models.Generation.Packed;
using Espalier.Models.Mixers;

namespace Espalier.Models.Generation.Rows;

/// <summary>What <see cref="Mamba2Mixer"/> computes, a token a row, in memory that is there.</summary>
internal sealed class RowMamba : IRowMixer
{
    private readonly DecoderConfig _config;
    private readonly ScanSizes _sizes;
    private readonly RowWorkspace _work;
    private readonly RowStates _states;
    private readonly RowProduct _gate, _input, _in, _out, _step, _output;
    private readonly (RowBuffer Weight, RowBuffer? Bias) _inputTaps, _inTaps, _outTaps;
    private readonly (RowBuffer StepBias, RowBuffer LogDecay, RowBuffer Skip) _scan;
    private readonly RowBuffer _norm;

    public RowMamba(PackedWeights weights, int layer, RowWorkspace work, RowStates states, RowBuffer to)
    {
        (_config, _work, _states, _sizes) = (weights.Config, work, states, Mamba2Mixer.SizesOf(weights.Config));
        RowProduct Of(ParameterRole weight, ParameterRole bias, RowBuffer to) =>
            new(weights.Matrix(weight, layer), weights.Row(bias, layer), to);
        (RowBuffer, RowBuffer?) Taps(ParameterRole weight, ParameterRole bias) => (weights.Row(weight, layer)!, weights.Row(bias, layer));
        _gate = Of(ParameterRole.MambaGateProjection, ParameterRole.MambaGateProjectionBias, work.MambaGate);
        _input = Of(ParameterRole.MambaInputProjection, ParameterRole.MambaInputProjectionBias, work.MambaInput);
        _in = Of(ParameterRole.MambaBProjection, ParameterRole.MambaBProjectionBias, work.MambaIn);
        _out = Of(ParameterRole.MambaCProjection, ParameterRole.MambaCProjectionBias, work.MambaOut);
        _step = Of(ParameterRole.MambaStepProjection, ParameterRole.MambaStepProjectionBias, work.MambaSteps);
        _output = Of(ParameterRole.MambaOutputProjection, ParameterRole.MambaOutputProjectionBias, to);
        _inputTaps = Taps(ParameterRole.MambaInputConvolution, ParameterRole.MambaInputConvolutionBias);
        _inTaps = Taps(ParameterRole.MambaBConvolution, ParameterRole.MambaBConvolutionBias);
        _outTaps = Taps(ParameterRole.MambaCConvolution, ParameterRole.MambaCConvolutionBias);
        _scan = (weights.Row(ParameterRole.MambaStepBias, layer)!, weights.Row(ParameterRole.MambaLogDecay, layer)!,
            weights.Row(ParameterRole.MambaSkip, layer)!);
        _norm = weights.Row(ParameterRole.MambaNorm, layer)!;
    }

    public void Forward(RowBuffer x, in RowPlaces places, bool adds)
    {
        ReadOnlySpan<int> slots = places.Slots, positions = places.Positions;
        RowOps.Product(x, places.Rows, adds: false, _gate, _input, _step);
        RowOps.Product(x, places.Rows, adds: false, _in, _out);
        RowMambaOps.Convolve(_work.MambaInput, _inputTaps.Weight, _inputTaps.Bias, _states.Input, slots, positions);
        RowMambaOps.Convolve(_work.MambaIn, _inTaps.Weight, _inTaps.Bias, _states.In, slots, positions);
        RowMambaOps.Convolve(_work.MambaOut, _outTaps.Weight, _outTaps.Bias, _states.Out, slots, positions);
        RowMambaOps.Scan(
            _work.MambaInput, _work.MambaIn, _work.MambaOut, _work.MambaSteps, _scan, _sizes, _states.State, slots, positions);
        RowMambaOps.GatedNorm(_work.MambaInput, _work.MambaGate, places.Rows, _norm, _sizes.Groups, _config.NormEpsilon);
        RowOps.Product(_work.MambaInput, places.Rows, adds, _output);
    }
}
