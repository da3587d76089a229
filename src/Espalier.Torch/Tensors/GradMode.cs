namespace Espalier.Torch;

/// <summary>Whether this thread records operators for the backward pass.</summary>
public static class GradMode
{
    [ThreadStatic]
    private static bool s_disabled;

    /// <summary>Whether recording is on for this thread (on at start).</summary>
    public static bool IsEnabled => !s_disabled;

    /// <summary>Whether it is on and one of the inputs wants a gradient: then an operation on them is recorded.</summary>
    internal static bool Records(params ReadOnlySpan<Tensor?> inputs)
    {
        if (IsEnabled)
            foreach (var input in inputs)
                if (input is { WantsGradient: true })
                    return true;
        return false;
    }

    /// <summary>Turns recording off until the guard is disposed.</summary>
    public static Guard Disable() => new(s_disabled);

    /// <summary>Restores the mode that was in force before it.</summary>
    public readonly ref struct Guard
    {
        private readonly bool _before;

        internal Guard(bool before) => (_before, s_disabled) = (before, true);

        /// <summary>Restores.</summary>
        public void Dispose() => s_disabled = _before;
    }
}
