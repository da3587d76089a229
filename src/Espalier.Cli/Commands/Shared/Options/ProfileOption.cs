namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--profile</c> of commands that train.</summary>
internal sealed class ProfileOption() : FlagOption("--profile",
    "Show at the end how training steps spent their time, by phase: seconds, GFLOP/s, page faults, managed bytes");
