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
    private readonly MatrixProduct<RowBuffer> _gate, _input, _in, _out, _step, _output;
    private readonly (RowBuffer Weight, RowBuffer? Bias) _inputTaps, _inTaps, _outTaps;
    private readonly (RowBuffer StepBias, RowBuffer LogDecay, RowBuffer Skip) _scan;
    private readonly RowBuffer _norm;

    public RowMamba(PackedWeights weights, int layer, RowWorkspace work, RowStates states, RowBuffer to)
    {
        (_config, _work, _states, _sizes) = (weights.Config, work, states, Mamba2Mixer.SizesOf(weights.Config));
        (RowBuffer, RowBuffer?) Taps(ParameterRole weight, ParameterRole bias) => (weights.Row(weight, layer)!, weights.Row(bias, layer));
        _gate = weights.Product(ParameterRole.MambaGateProjection, ParameterRole.MambaGateProjectionBias, layer, work.MambaGate);
        _input = weights.Product(ParameterRole.MambaInputProjection, ParameterRole.MambaInputProjectionBias, layer, work.MambaInput);
        _in = weights.Product(ParameterRole.MambaBProjection, ParameterRole.MambaBProjectionBias, layer, work.MambaIn);
        _out = weights.Product(ParameterRole.MambaCProjection, ParameterRole.MambaCProjectionBias, layer, work.MambaOut);
        _step = weights.Product(ParameterRole.MambaStepProjection, ParameterRole.MambaStepProjectionBias, layer, work.MambaSteps);
        _output = weights.Product(ParameterRole.MambaOutputProjection, ParameterRole.MambaOutputProjectionBias, layer, to);
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
