using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>Whether this thread records operators for the backward pass.</summary>
public static unsafe class GradMode
{
    /// <summary>Whether recording is on for this thread (on at start).</summary>
    public static bool IsEnabled
    {
        get
        {
            NativeLoader.EnsureLoaded();
            int enabled;
            NativeMethods.esp_grad_mode(&enabled);
            return enabled != 0;
        }
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
            _before = IsEnabled;
            NativeMethods.esp_set_grad_mode(enabled ? 1 : 0);
        }

        /// <summary>Restores.</summary>
        public void Dispose() => NativeMethods.esp_set_grad_mode(_before ? 1 : 0);
    }
}
