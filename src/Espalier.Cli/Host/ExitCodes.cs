namespace Espalier.Cli.Host;

/// <summary>What the program tells its caller when it ends.</summary>
internal static class ExitCodes
{
    internal const int Done = 0;
    internal const int Failed = 1;
    internal const int WrongUsageOrInput = 2;
    internal const int Interrupted = 130;
}
