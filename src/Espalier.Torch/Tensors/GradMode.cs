namespace Espalier.Torch;

/// <summary>Whether this thread records operators for the backward pass.</summary>
public static class GradMode
{
    [ThreadStatic]
    private static bool s_disabled;

    /// <summary>Whether recording is on for this thread (on at start).</summary>
    public static bool IsEnabled => !s_disabled;

    /// <summary>Whether it is on and the input wants a gradient: then an operation on it is recorded.</summary>
    internal static bool Records(Tensor a) => IsEnabled && a.WantsGradient;

    /// <summary>Whether it is on and one of the inputs wants a gradient.</summary>
    internal static bool Records(Tensor a, Tensor b) => IsEnabled && (a.WantsGradient || b.WantsGradient);

    /// <summary>Whether it is on and one of the inputs wants a gradient.</summary>
    internal static bool Records(params ReadOnlySpan<Tensor?> inputs)
    {
        if (IsEnabled)
            foreach (var input in inputs)
                if (input is { WantsGradient: true })
                    return true;
        return false;
    }

    /// <summary>Turns recording off until the guard is disposed.</summary>
    public static Guard Disable() => new(false);

    /// <summary>Turns recording on until the guard is disposed.</summary>
    public static Guard Enable() => new(true);

    /// <summary>Restores the mode that was in force before it.</summary>
    public readonly ref struct Guard
    {
        private readonly bool _before;

        internal Guard(bool enabled)
        {
            _before = s_disabled;
            s_disabled = !enabled;
        }

        /// <summary>Restores.</summary>
        public void Dispose() => s_disabled = _before;
    }
}
