namespace Espalier.Compression.Training.Optimizers;

/// <summary>Settings of <see cref="AdamW"/>, with the defaults of the method's runs.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to √v̂.</param>
/// <param name="WeightDecay">Decoupled decay, times the learning rate, on the parameters that decay.</param>
internal sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.1)
    : OptimizerOptions
{
    public override Optimizer Make(IReadOnlyList<TrainedParameter> parameters) => new AdamW(parameters, this);

    internal override int StateOf(bool isHiddenMatrix) => 2;

    public override void Validate()
    {
        Require(Beta1 is >= 0 and < 1, "betas", Beta1, "at least 0 and below 1");
        Require(Beta2 is >= 0 and < 1, "betas", Beta2, "at least 0 and below 1");
        Require(Epsilon > 0, "epsilon", Epsilon, "above 0");
        Require(WeightDecay is >= 0 and < 1e3, "weight-decay", WeightDecay, "at least 0");
    }
}

/// <summary>
/// Adam with decoupled weight decay (arXiv 1711.05101), as PyTorch computes it: w ← w (1 − lr·wd), m and v with bias correction,
/// w ← w − lr m̂ / (√v̂ + ε). Owns its moments, not the parameters.
/// </summary>
internal sealed class AdamW : Optimizer
{
    private readonly IReadOnlyList<TrainedParameter> _parameters;
    private readonly AdamWOptions _options;
    private readonly Tensor[] _first, _second;

    /// <summary>Creates the optimizer with zero moments.</summary>
    public AdamW(IReadOnlyList<TrainedParameter> parameters, AdamWOptions options)
    {
        (_parameters, _options) = (parameters, options);
        _first = [.. _parameters.Select(p => p.Value.ZerosLike().Unscoped())];
        _second = [.. _parameters.Select(p => p.Value.ZerosLike().Unscoped())];
    }

    public override IEnumerable<(string Name, Tensor Value)> StateOf(int parameter) =>
        [("first-moment", _first[parameter]), ("second-moment", _second[parameter])];

    protected override (double Moved, double Size) Update(double learningRate, ReadOnlySpan<double> clipFactors, bool measure)
    {
        if (!measure && _parameters.Count > 0 && _parameters[0].Value.Device != Device.Cpu)
        {
            UpdateTogether(learningRate, clipFactors);
            return (0, 0);
        }
        var (moved, size) = (0.0, 0.0);
        for (var i = 0; i < _parameters.Count; i++)
        {
            var (distance, length) = _parameters[i].Value.AdamWInPlace(
                _first[i], _second[i], StepOf(i, learningRate, clipFactors[i]), measure);
            (moved, size) = (moved + distance, size + length);
        }
        return (moved, size);
    }

    // What takes the same numbers goes in one call.
    private void UpdateTogether(double learningRate, ReadOnlySpan<double> clipFactors)
    {
        var clips = clipFactors.ToArray();
        foreach (var same in Enumerable.Range(0, _parameters.Count).Where(i => _parameters[i].Value.HasGrad)
            .GroupBy(i => StepOf(i, learningRate, clips[i])))
            Tensor.AdamWInPlace([.. same.Select(i => _parameters[i].Value)], [.. same.Select(i => _first[i])],
                [.. same.Select(i => _second[i])], same.Key);
    }

    private AdamWStep StepOf(int i, double learningRate, double clip)
    {
        var (_, _, decays, rateFactor) = _parameters[i];
        return new(learningRate * rateFactor, _options.Beta1, _options.Beta2, _options.Epsilon, decays ? _options.WeightDecay : 0, clip,
            Updates);
    }

    /// <summary>The same as part of another optimizer, which counts the updates.</summary>
    internal (double Moved, double Size) UpdateAs(long updates, double learningRate, ReadOnlySpan<double> clipFactors, bool measure)
    {
        Updates = updates;
        return Update(learningRate, clipFactors, measure);
    }

    public override void Dispose()
    {
        foreach (var tensor in _first.Concat(_second))
            tensor.Dispose();
    }
}
