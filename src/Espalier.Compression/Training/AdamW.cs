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

    /// <summary>Creates the optimizer with zero moments.</summary>
    public AdamW(IEnumerable<TrainedParameter> parameters, AdamWOptions options)
    {
        _parameters = [.. parameters];
        _options = options;
        FirstMoments = [.. _parameters.Select(p => p.Value.ZerosLike().Unscoped())];
        SecondMoments = [.. _parameters.Select(p => p.Value.ZerosLike().Unscoped())];
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
    /// <param name="measure">Whether to measure the update's size, for which one parameter at a time is copied.</param>
    /// <returns>‖w after − w before‖ / ‖w before‖ over all parameters that were updated; null where it was not measured or nothing was updated.</returns>
    public double? Step(double learningRate, IReadOnlyList<double> clipFactors, bool measure = false)
    {
        using var noGrad = GradMode.Disable();
        var (moved, size) = (0.0, 0.0);
        Updates++;
        var (b1, b2) = (_options.Beta1, _options.Beta2);
        var correction1 = 1 - Math.Pow(b1, Updates);
        var correction2 = Math.Sqrt(1 - Math.Pow(b2, Updates));
        for (var i = 0; i < _parameters.Length; i++)
        {
            using var scope = TensorScope.Begin();
            var (_, weight, decays, rateFactor) = _parameters[i];
            if (weight.Grad() is not { } gradient)
                continue;
            var rate = learningRate * rateFactor;
            var before = measure ? weight.Clone() : null;
            if (clipFactors[i] != 1)
                gradient.MulInPlace(clipFactors[i]);
            if (decays && _options.WeightDecay != 0)
                weight.MulInPlace(1 - rate * _options.WeightDecay);
            var (m, v) = (FirstMoments[i], SecondMoments[i]);
            m.LerpInPlace(gradient, 1 - b1);
            v.MulInPlace(b2);
            v.AddcmulInPlace(gradient, gradient, 1 - b2);
            var denominator = v.Sqrt();
            denominator.MulInPlace(1 / correction2);
            denominator.AddInPlace(_options.Epsilon);
            weight.AddcdivInPlace(m, denominator, -rate / correction1);
            if (before is not null)
            {
                size += Math.Pow(before.Norm().Item(), 2);
                before.SubInPlace(weight);
                moved += Math.Pow(before.Norm().Item(), 2);
            }
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
