namespace Espalier.Compression.Training;

/// <summary>
/// Decides from held-out losses alone when a training is over: after so many evaluations in a row without a new best. The same losses, told
/// again after an interruption, decide the same.
/// </summary>
/// <param name="patience">Evaluations without a new best after which it is over; 0 for never.</param>
internal sealed class EarlyStopping(int patience)
{
    private double _best = double.PositiveInfinity;
    private int _without;

    /// <summary>The step of the lowest loss so far; null before the first finite one. Of equal ones the first.</summary>
    public long? BestStep { get; private set; }

    /// <summary>Whether it is over.</summary>
    public bool IsOver => patience > 0 && _without >= patience;

    /// <summary>Takes a loss; returns whether it is a new best.</summary>
    public bool Observe(long step, double loss)
    {
        // NaN is no best.
        if (!(loss < _best))
        {
            _without++;
            return false;
        }
        (_best, BestStep, _without) = (loss, step, 0);
        return true;
    }
}
