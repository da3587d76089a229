namespace Espalier.Torch;

/// <summary>Whether this thread records operators for the backward pass.</summary>
public static class GradMode
{
    [ThreadStatic]
    private static bool s_disabled;

    /// <summary>Whether recording is on for this thread (on at start).</summary>
    public static bool IsEnabled => !s_disabled;

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
