namespace Espalier.Compression.Training.Optimizers;

/// <summary>Settings of <see cref="Muon"/>.</summary>
/// <param name="Others">AdamW for what is no matrix of a block; its decay is that of the matrices too.</param>
/// <param name="Momentum">Decay of the momentum.</param>
internal sealed record MuonOptions(AdamWOptions Others, double Momentum = 0.95) : OptimizerOptions
{
    public override Optimizer Make(IReadOnlyList<TrainedParameter> parameters) => new Muon(parameters, this);

    internal override int StateOf(bool isHiddenMatrix) => isHiddenMatrix ? 1 : Others.StateOf(isHiddenMatrix);

    public override void Validate()
    {
        Others.Validate();
        Require(Momentum is >= 0 and < 1, "momentum", Momentum, "at least 0 and below 1");
    }
}

/// <summary>
/// Muon (Keller Jordan, 2024, kellerjordan.github.io/posts/muon): the momentum of a matrix is made nearly orthogonal before it is applied,
/// so that all of its directions move alike. For matrices of blocks; embedding, head, norms and biases go by <see cref="AdamW"/>. An update
/// is as large as AdamW's commonly are (arXiv 2502.16982, section 2.2), so rates and decay carry over. Half of AdamW's state for such a
/// matrix.
/// </summary>
internal sealed class Muon : Optimizer
{
    private const int Iterations = 5;

    // The quintic whose iteration brings singular values near one soonest, though not to it; Jordan's.
    private const double A = 3.4445, B = -4.7750, C = 2.0315;

    // Root mean square of AdamW's updates, commonly from 0.2 to 0.4 (arXiv 2502.16982).
    private const double SizeOfAdamW = 0.2;

    private const double LeastNorm = 1e-7;

    private readonly IReadOnlyList<TrainedParameter> _matrices;
    private readonly int[] _placesOfMatrices, _placesOfOthers;
    private readonly Tensor[] _momenta;
    private readonly MuonOptions _options;
    private readonly AdamW _others;
    private readonly double[] _clipsOfOthers;

    /// <summary>Creates the optimizer with zero momentum and moments.</summary>
    public Muon(IReadOnlyList<TrainedParameter> parameters, MuonOptions options)
    {
        _options = options;
        _placesOfMatrices = [.. Enumerable.Range(0, parameters.Count).Where(i => parameters[i].IsHiddenMatrix)];
        _placesOfOthers = [.. Enumerable.Range(0, parameters.Count).Where(i => !parameters[i].IsHiddenMatrix)];
        _matrices = [.. _placesOfMatrices.Select(i => parameters[i])];
        _momenta = [.. _matrices.Select(p => p.Value.ZerosLike().Unscoped())];
        _others = new([.. _placesOfOthers.Select(i => parameters[i])], options.Others);
        _clipsOfOthers = new double[_placesOfOthers.Length];
    }

    public override IEnumerable<(string Name, Tensor Value)> StateOf(int parameter) =>
        Array.IndexOf(_placesOfMatrices, parameter) is >= 0 and var matrix
            ? [("momentum", _momenta[matrix])] : _others.StateOf(Array.IndexOf(_placesOfOthers, parameter));

    protected override (double Moved, double Size) Update(double learningRate, ReadOnlySpan<double> clipFactors, bool measure)
    {
        for (var i = 0; i < _clipsOfOthers.Length; i++)
            _clipsOfOthers[i] = clipFactors[_placesOfOthers[i]];
        var (moved, size) = _others.UpdateAs(Updates, learningRate, _clipsOfOthers, measure);
        for (var i = 0; i < _momenta.Length; i++)
        {
            var (distance, length) = Update(i, learningRate, clipFactors[_placesOfMatrices[i]], measure);
            (moved, size) = (moved + distance, size + length);
        }
        return (moved, size);
    }

    public override void Dispose()
    {
        _others.Dispose();
        foreach (var momentum in _momenta)
            momentum.Dispose();
    }

    private (double Moved, double Size) Update(int matrix, double learningRate, double clip, bool measure)
    {
        var ((_, weight, decays, rateFactor), momentum) = (_matrices[matrix], _momenta[matrix]);
        if (!weight.HasGrad)
            return (0, 0);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.BeginReusing();
        var gradient = weight.Grad()!;
        if (clip != 1)
            gradient.MulInPlace(clip);
        var before = measure ? weight.Clone() : null;
        momentum.LerpInPlace(gradient, 1 - _options.Momentum);
        // Nesterov's: where the momentum will be after one more such gradient. The gradient's memory holds it.
        gradient.LerpInPlace(momentum, _options.Momentum);
        gradient.MulInPlace(1 / Math.Max(Math.Sqrt(gradient.SumOfSquares()), LeastNorm));

        var (rows, columns) = (weight.Size(0), weight.Size(1));
        var rate = learningRate * rateFactor;
        var step = -rate * SizeOfAdamW * Math.Sqrt(Math.Max(rows, columns));
        if (decays)
            weight.MulInPlace(1 - rate * _options.Others.WeightDecay);
        if (rows > columns)
            weight.AddTurnedInPlace(NearlyOrthogonal(gradient.Transpose(0, 1).Contiguous()), step);
        else
            weight.AddInPlace(NearlyOrthogonal(gradient), step);
        return before is null ? (0, 0) : (weight.Sub(before).SumOfSquares(), before.SumOfSquares());
    }

    /// <summary>
    /// About U Vᵀ of a matrix U S Vᵀ whose largest singular value is at most one, by X ← a X + (b X Xᵀ + c (X Xᵀ)²) X. Not wider than long.
    /// </summary>
    private static Tensor NearlyOrthogonal(Tensor x)
    {
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            var gram = x.MatMul(x.Transpose(0, 1));
            var factors = gram.MatMul(gram);
            factors.MulInPlace(C);
            factors.AddInPlace(gram, B);
            var next = factors.MatMul(x);
            next.AddInPlace(x, A);
            x = next;
        }
        return x;
    }
}
