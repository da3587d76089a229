namespace Espalier.Torch.Gradients;

/// <summary>
/// Records operations for the backward pass. An operation asks <see cref="Wants(Tensor)"/>, keeps what its backward needs, and hands its result to <see cref="Record"/>:
/// <code>
/// if (!Tape.Wants(x, w)) return y;
/// var (keptX, keptW) = (Kept.Of(x), Kept.Of(w));
/// return Tape.Record(y, [x, w], (g, into) => (into[0], into[1]) = Slopes(g, keptX.Value, keptW.Value), keptX, keptW);
/// </code>
/// </summary>
internal static class Tape
{
    /// <summary>Whether recording is on for this thread and the input wants a gradient.</summary>
    public static bool Wants(Tensor a) => GradMode.IsEnabled && a.WantsGradient;

    /// <summary>Whether recording is on for this thread and one of the inputs wants a gradient.</summary>
    public static bool Wants(Tensor a, Tensor b) => GradMode.IsEnabled && (a.WantsGradient || b.WantsGradient);

    /// <summary>Whether recording is on for this thread and one of the inputs wants a gradient.</summary>
    public static bool Wants(params ReadOnlySpan<Tensor?> inputs)
    {
        if (GradMode.IsEnabled)
            foreach (var input in inputs)
                if (input is { WantsGradient: true })
                    return true;
        return false;
    }

    /// <summary>Whether recording is on for this thread and a tensor among the arguments wants a gradient.</summary>
    public static bool Wants(ReadOnlySpan<Argument> arguments)
    {
        if (GradMode.IsEnabled)
            foreach (ref readonly var argument in arguments)
                if (argument.Reference is Tensor { WantsGradient: true } || (argument.Reference is Tensor?[] list && list.Any(x => x is { WantsGradient: true })))
                    return true;
        return false;
    }

    /// <summary>Notes how the result came about, and returns it. Only where <see cref="Wants(Tensor)"/> said so.</summary>
    /// <param name="result">A result that nothing is recorded for yet.</param>
    /// <param name="inputs">What a gradient is given to, in the order in which <paramref name="backward"/> gives it.</param>
    /// <param name="backward">The backward.</param>
    /// <param name="kept">All that the backward reads; freed with the node.</param>
    public static Tensor Record(Tensor result, ReadOnlySpan<Tensor?> inputs, Backward backward, params ReadOnlySpan<Kept?> kept)
    {
        var sinks = new GradientSink?[inputs.Length];
        for (var i = 0; i < sinks.Length; i++)
            sinks[i] = inputs[i]?.Sink;
        result.SetNode(new Node(sinks, backward, kept.ToArray()));
        return result;
    }
}
