namespace Espalier.Compression.Training.Optimizers;

/// <summary>Settings of an optimizer, which say which one it is.</summary>
public abstract record OptimizerOptions
{
    /// <summary>The optimizer of some parameters, at its beginning.</summary>
    /// <param name="parameters">What it updates; they stay the caller's.</param>
    public abstract Optimizer Make(IReadOnlyList<TrainedParameter> parameters);

    /// <summary>Numbers of state that it keeps for each number of a parameter.</summary>
    internal abstract int StateOf(bool isHiddenMatrix);

    /// <summary>Checks every field.</summary>
    /// <exception cref="EspalierException">A value that cannot work, naming the field.</exception>
    public abstract void Validate();

    private protected static void Require(bool holds, string field, double value, string rule)
    {
        if (!holds)
            throw new EspalierException($"{field} is {value}; it must be {rule}");
    }
}

/// <summary>Makes updates of gradients. Owns its state, not the parameters.</summary>
public abstract class Optimizer : IDisposable
{
    /// <summary>Updates made, which bias corrections count.</summary>
    public long Updates { get; set; }

    /// <summary>What is kept of a parameter from update to update, under names that checkpoints have.</summary>
    /// <param name="parameter">Which one, in their order.</param>
    public abstract IEnumerable<(string Name, Tensor Value)> StateOf(int parameter);

    /// <summary>
    /// One update from the accumulated gradients, each multiplied by its clip factor first. A parameter without a gradient stays.
    /// </summary>
    /// <param name="learningRate">The schedule's rate; each parameter's own factor multiplies it.</param>
    /// <param name="clipFactors">One a parameter, in their order.</param>
    /// <param name="measure">Whether to measure the update's size.</param>
    /// <returns>
    /// ‖w after − w before‖ / ‖w before‖ over all parameters that were updated; null where it was not measured or nothing was updated.
    /// </returns>
    public double? Step(double learningRate, ReadOnlySpan<double> clipFactors, bool measure = false)
    {
        Updates++;
        var (moved, size) = Update(learningRate, clipFactors, measure);
        return size > 0 ? Math.Sqrt(moved / size) : null;
    }

    /// <summary>The update, the <see cref="Updates"/>-th.</summary>
    /// <returns>Σ (w after − w before)² and Σ (w before)²; zeros where nothing was measured.</returns>
    protected abstract (double Moved, double Size) Update(double learningRate, ReadOnlySpan<double> clipFactors, bool measure);

    /// <summary>Disposes the state.</summary>
    public abstract void Dispose();
}
