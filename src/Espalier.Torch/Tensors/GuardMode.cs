namespace Espalier.Torch;

/// <summary>
/// A debug mode, by <c>ESPALIER_GUARD=1</c>: what kernels write lies between canaries, and no tensor's object serves again, so that both
/// kinds of misuse are errors that say so.
/// </summary>
internal static class GuardMode
{
    private static readonly bool s_always = Environment.GetEnvironmentVariable("ESPALIER_GUARD") == "1";

    [ThreadStatic] private static bool s_wanted;

    /// <summary>Whether it is on for this thread. Tests set it.</summary>
    public static bool IsOn { get => s_always || s_wanted; set => s_wanted = value; }
}
