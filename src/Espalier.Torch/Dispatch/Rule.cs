namespace Espalier.Torch.Dispatch;

/// <summary>
/// How gradient goes through an operator. One without a rule refuses inputs that want a gradient: a graph cut in silence would be the worst
/// fault. Operators are given theirs by the folder of gradients, which alone knows how to record.
/// </summary>
internal class Rule
{
    private readonly bool _shifts;

    /// <summary>A rule of inputs that may want a gradient.</summary>
    protected Rule()
    {
    }

    private Rule(bool refuses, bool shifts) => (Refuses, _shifts) = (refuses, shifts);

    /// <summary>Results have no gradient by their nature: comparisons, indices, bits, fresh memory, statistics.</summary>
    public static Rule None { get; } = new(refuses: false, shifts: false);

    /// <summary>Called below a recording alone, by a method that records for it.</summary>
    public static Rule Below { get; } = new(refuses: true, shifts: false);

    /// <summary>Overwrites: never with gradients.</summary>
    public static Rule Writes { get; } = new(refuses: true, shifts: false);

    /// <summary>Adds a constant in place, which leaves the gradient of what it is added to as it is.</summary>
    public static Rule ShiftsInPlace { get; } = new(refuses: true, shifts: true);

    public bool Refuses { get; }

    /// <summary>Whether these arguments, some of which want a gradient, may be given.</summary>
    public bool Takes(ReadOnlySpan<Argument> arguments) => !Refuses
        || (_shifts && arguments[0].Reference is Tensor { IsRecorded: true } && !Op.Records(arguments[1..]));

    /// <summary>Records a call, after it gave its results.</summary>
    /// <param name="arguments">What it was given, some of which want a gradient.</param>
    /// <param name="results">What it gave.</param>
    public virtual void Record(ReadOnlySpan<Argument> arguments, ReadOnlySpan<Tensor> results)
    {
    }
}
