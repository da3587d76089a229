namespace Espalier.Torch.Dispatch;

/// <summary>
/// How gradient goes through an operator. One without a rule refuses inputs that want a gradient: a graph cut in silence would be the worst
/// fault. Operators are given theirs by the folder of gradients, which alone knows how to record.
/// </summary>
internal class Rule
{
    /// <summary>Results have no gradient by their nature: comparisons, indices, bits, fresh memory, statistics.</summary>
    public static Rule None { get; } = new();

    /// <summary>Called below a recording alone, by a method that records for it.</summary>
    public static Rule Below { get; } = new() { Refuses = true };

    /// <summary>Overwrites: never with gradients.</summary>
    public static Rule Writes { get; } = new() { Refuses = true };

    /// <summary>Adds a constant in place, which leaves the gradient of what it is added to as it is.</summary>
    public static Rule ShiftsInPlace { get; } = new() { Refuses = true, Shifts = true };

    public bool Refuses { get; private init; }

    private bool Shifts { get; init; }

    /// <summary>Whether these arguments, some of which want a gradient, may be given.</summary>
    public bool Takes(ReadOnlySpan<Argument> arguments) => !Refuses
        || (Shifts && arguments[0].Reference is Tensor { IsRecorded: true } && !Op.Records(arguments[1..]));

    /// <summary>Records a call, after it gave its results.</summary>
    /// <param name="arguments">What it was given, some of which want a gradient.</param>
    /// <param name="results">What it gave.</param>
    public virtual void Record(ReadOnlySpan<Argument> arguments, ReadOnlySpan<Tensor> results)
    {
    }
}
