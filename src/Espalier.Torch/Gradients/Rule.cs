namespace Espalier.Torch.Gradients;

/// <summary>What an operator's backward is, made at each recorded call from its arguments and its result; null where this call's result has no gradient.</summary>
internal delegate Backward? Derivative(ref Recording call);

/// <summary>How gradient goes through an operator. One without a rule refuses inputs that want a gradient: a graph cut in silence would be the worst fault.</summary>
internal sealed class Rule
{
    private Rule(Derivative? derivative, bool refuses = false, bool shifts = false) => (Derivative, Refuses, Shifts) = (derivative, refuses, shifts);

    /// <summary>Results have no gradient by their nature: comparisons, indices, bits, fresh memory, statistics.</summary>
    public static Rule None { get; } = new(null);

    /// <summary>Called below a recording alone, by a method of <see cref="Tensor"/> that records for it.</summary>
    public static Rule Below { get; } = new(null, refuses: true);

    /// <summary>Overwrites: never with gradients.</summary>
    public static Rule Writes { get; } = new(null, refuses: true);

    /// <summary>Adds a constant in place, which leaves the gradient of what it is added to as it is.</summary>
    public static Rule ShiftsInPlace { get; } = new(null, refuses: true, shifts: true);

    /// <summary>The backward of a recorded call.</summary>
    public Derivative? Derivative { get; }

    /// <summary>Whether inputs that want a gradient are an error.</summary>
    public bool Refuses { get; }

    /// <summary>Whether the first argument may want one even so, where it is no leaf.</summary>
    public bool Shifts { get; }

    public static implicit operator Rule(Derivative derivative) => new(derivative);
}
