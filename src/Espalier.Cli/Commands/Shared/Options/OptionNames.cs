using System.CommandLine;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>Names of options: that of the recipe's key first, older and shorter ones after it.</summary>
internal static class OptionNames
{
    /// <summary>Adds names that are understood, too.</summary>
    internal static T Or<T>(this T option, params string[] names) where T : Option
    {
        foreach (var name in names)
            option.Aliases.Add(name);
        return option;
    }
}
