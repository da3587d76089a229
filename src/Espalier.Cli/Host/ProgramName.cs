namespace Espalier.Cli.Host;

/// <summary>How the user calls this program: as the launcher was called, or by its name.</summary>
internal static class ProgramName
{
    /// <summary>The variable in which the launcher says how it was called.</summary>
    private const string Variable = "ESPALIER_COMMAND";

    /// <summary>What to print before a command's name where the user may paste it.</summary>
    internal static string Shown { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } called ? called : "espalier";
}
