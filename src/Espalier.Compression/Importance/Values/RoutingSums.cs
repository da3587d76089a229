namespace Espalier.Compression.Importance.Values;

// Shapes: B batch, T time, P = B · T positions, E experts.

/// <summary>The sums that <see cref="ExpertRouting"/> is made of, in float64, on the model's device.</summary>
internal sealed class RoutingSums(DecoderConfig config) : IDisposable
{
    private readonly Tensor?[] _products = new Tensor?[config.Layers], _masses = new Tensor?[config.Layers];

    /// <summary>Adds the router logits of a batch, whichever experts the tokens went to.</summary>
    public void AddLogits(int layer, Tensor logits_BTE)
    {
        using var scope = TensorScope.Begin();
        var logits_PE = logits_BTE.To(DType.Float64).Reshape(-1, config.Experts);
        var less_PE = logits_PE.Sub(logits_PE.Mean([1], keep: true));
        Add(ref _products[layer], less_PE.Transpose(0, 1).MatMul(less_PE));
    }

    /// <summary>Adds the weights that experts had, [B, T, E], zero where a token did not go.</summary>
    /// <param name="layer">Whose.</param>
    /// <param name="weights_BTE">The weights, in float64.</param>
    public void AddMass(int layer, Tensor weights_BTE)
    {
        using var scope = TensorScope.Begin();
        Add(ref _masses[layer], weights_BTE.Sum([0, 1]));
    }

    /// <summary>The means and cosines.</summary>
    public ExpertRouting Result(long positions) => new()
    {
        Mass = [.. _masses.Select(sums => sums is null ? new double[config.Experts]
            : Array.ConvertAll(sums.ToArray<double>(), sum => sum / positions))],
        Nearness = [.. _products.SelectMany(products => Cosines(products?.ToArray<double>(), config.Experts))],
    };

    public void Dispose()
    {
        foreach (var sums in _products.Concat(_masses))
            sums?.Dispose();
    }

    private static void Add(ref Tensor? sums, Tensor value)
    {
        if (sums is null)
            sums = value.Clone().Unscoped();
        else
            sums.AddInPlace(value);
    }

    private static IEnumerable<double[]> Cosines(double[]? products, int experts)
    {
        for (var a = 0; a < experts; a++)
        {
            var row = new double[experts];
            for (var b = 0; products is not null && b < experts; b++)
            {
                var length = Math.Sqrt(products[a * experts + a]) * Math.Sqrt(products[b * experts + b]);
                row[b] = length > 0 ? products[a * experts + b] / length : 0;
            }
            yield return row;
        }
    }
}
