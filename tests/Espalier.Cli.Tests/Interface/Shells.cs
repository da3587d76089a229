namespace Espalier.Cli.Tests.Interface;

/// <summary>A fact in a shell: skipped, with the reason, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ShellFactAttribute : FactAttribute
{
    public ShellFactAttribute(string shell)
    {
        if (!IsThere(shell))
            Skip = $"{shell} is not installed";
    }

    internal static bool IsThere(string shell) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, shell)));
}

/// <summary>A theory in a shell: skipped, with the reason, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ShellTheoryAttribute : TheoryAttribute
{
    public ShellTheoryAttribute(string shell)
    {
        if (!ShellFactAttribute.IsThere(shell))
            Skip = $"{shell} is not installed";
    }
}
