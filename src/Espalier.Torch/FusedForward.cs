namespace Espalier.Torch;

/// <summary>
/// Whether this thread takes our kernels of the forward pass where gradients are off. On, unless a pass must have the bits of another one with gradients on.
/// </summary>
public static class FusedForward
{
    [ThreadStatic]
    private static int _disabled;

    /// <summary>Whether they are taken for float32 now.</summary>
    public static bool IsEnabled => _disabled == 0 && !GradMode.IsEnabled;

    /// <summary>Takes libtorch's operators until the guard is disposed, gradients or not.</summary>
    public static Guard Disable() => new(1);

    /// <summary>Restores what was before it.</summary>
    public readonly ref struct Guard
    {
        private readonly int _count;

        internal Guard(int count) => _disabled += _count = count;

        /// <summary>Restores.</summary>
        public void Dispose() => _disabled -= _count;
    }
}
