namespace Espalier.Compression.Training;

/// <summary>
/// The processes that train one model together, each on its part of every step (data parallel), as one of them sees them. All of them make
/// the same calls in the same order; each call ends with the same answer everywhere. A loss is divided by the counted tokens of the whole
/// step, so that sums are all that is exchanged; the dynamic weight of a loss on hidden states is of each one's passes.
/// </summary>
public abstract class Ranks
{
    /// <summary>One process, the default: it is all there is.</summary>
    public static Ranks Single { get; } = new SingleRank();

    /// <summary>How many there are.</summary>
    public abstract int Count { get; }

    /// <summary>Which one this is, from 0.</summary>
    public abstract int Index { get; }

    /// <summary>Whether this one writes checkpoints, metrics and results.</summary>
    public bool Saves => Index == 0;

    /// <summary>Adds up over all ranks, in place.</summary>
    /// <param name="values">The values; the same number everywhere.</param>
    public abstract void Sum(Span<double> values);

    /// <summary>Adds up gradients over all ranks, in place and in the gradients' own type. Neighbours may be sent together.</summary>
    /// <param name="gradients">The same tensors in the same order everywhere; they stay the caller's.</param>
    public abstract void Sum(IReadOnlyList<Tensor> gradients);

    /// <summary>Whether it holds on every rank.</summary>
    public abstract bool All(bool holds);

    private sealed class SingleRank : Ranks
    {
        public override int Count => 1;

        public override int Index => 0;

        public override void Sum(Span<double> values)
        {
        }

        public override void Sum(IReadOnlyList<Tensor> gradients)
        {
        }

        public override bool All(bool holds) => holds;
    }
}
