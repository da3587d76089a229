using System.CommandLine;
using Espalier.Cli.Host;

namespace Espalier.Cli.Interface;

/// <summary>The sentence for a command that is not there.</summary>
internal static class UnknownCommand
{
    /// <summary>That it is not there, and which is nearest.</summary>
    internal static string Describe(string name, Command parent)
    {
        var hint = NearestName.Hint(name, parent.Subcommands.Select(command => command.Name));
        return $"there is no command {name}{(hint.Length > 0 ? $".{hint}" : "")} (see: {LineOf(parent)} --help)";
    }

    /// <summary>How the user calls a command.</summary>
    internal static string LineOf(Command command) => command is RootCommand ? ProgramName.Shown : $"{ProgramName.Shown} {command.Name}";
}
