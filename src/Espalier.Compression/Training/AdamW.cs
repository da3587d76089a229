using Espalier.Torch;

namespace Espalier.Compression.Training;

/// <summary>Settings of <see cref="AdamW"/>, with the defaults of the method's runs.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to √v̂.</param>
/// <param name="WeightDecay">Decoupled decay, times the learning rate, on the parameters that decay.</param>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.1);

/// <summary>
/// Adam with decoupled weight decay (arXiv 1711.05101), as PyTorch computes it: w ← w (1 − lr·wd), m and v with bias correction,
/// w ← w − lr m̂ / (√v̂ + ε). Owns its moments, not the parameters.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly TrainedParameter[] _parameters;
    private readonly AdamWOptions _options;
    private readonly Tensor[] _first, _second;

    /// <summary>Creates the optimizer with zero moments.</summary>
    public AdamW(IEnumerable<TrainedParameter> parameters, AdamWOptions options)
    {
        _parameters = [.. parameters];
        _options = options;
        FirstMoments = _first = [.. _parameters.Select(p => p.Value.ZerosLike().Unscoped())];
        SecondMoments = _second = [.. _parameters.Select(p => p.Value.ZerosLike().Unscoped())];
    }

    /// <summary>m of each parameter, in their order.</summary>
    public IReadOnlyList<Tensor> FirstMoments { get; }

    /// <summary>v of each parameter, in their order.</summary>
    public IReadOnlyList<Tensor> SecondMoments { get; }

    /// <summary>Updates made, which the bias correction counts.</summary>
    public long Updates { get; set; }

    /// <summary>One update from the accumulated gradients, each multiplied by its clip factor first. A parameter without a gradient stays.</summary>
    /// <param name="learningRate">The schedule's rate; each parameter's own factor multiplies it.</param>
    /// <param name="clipFactors">One a parameter, in their order.</param>
    /// <param name="measure">Whether to measure the update's size.</param>
    /// <returns>‖w after − w before‖ / ‖w before‖ over all parameters that were updated; null where it was not measured or nothing was updated.</returns>
    public double? Step(double learningRate, ReadOnlySpan<double> clipFactors, bool measure = false)
    {
        var (moved, size) = (0.0, 0.0);
        Updates++;
        for (var i = 0; i < _parameters.Length; i++)
        {
            var (_, weight, decays, rateFactor) = _parameters[i];
            if (!weight.HasGrad)
                continue;
            var step = new AdamWStep(
                learningRate * rateFactor, _options.Beta1, _options.Beta2, _options.Epsilon, decays ? _options.WeightDecay : 0, clipFactors[i], Updates);
            var (distance, length) = weight.AdamWInPlace(_first[i], _second[i], step, measure);
            (moved, size) = (moved + distance, size + length);
        }
        return size > 0 ? Math.Sqrt(moved / size) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in FirstMoments.Concat(SecondMoments))
            tensor.Dispose();
    }
}
