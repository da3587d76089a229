using System.CommandLine;
using System.CommandLine.Parsing;

namespace Espalier.Cli.Commands.Shared;

/// <summary>Names of options: that of the recipe's key first, older and shorter ones after it.</summary>
internal static class OptionNames
{
    /// <summary>Adds several options.</summary>
    internal static void Add(this IList<Option> options, params ReadOnlySpan<Option> more)
    {
        foreach (var option in more)
            options.Add(option);
    }

    /// <summary>Adds names that are understood, too.</summary>
    internal static T Or<T>(this T option, params string[] names) where T : Option
    {
        foreach (var name in names)
            option.Aliases.Add(name);
        return option;
    }

    /// <summary>The name that the user gave, for errors.</summary>
    internal static string OptionName(this ArgumentResult result) =>
        (result.Parent as OptionResult)?.IdentifierToken?.Value ?? (result.Parent as OptionResult)?.Option.Name ?? result.Argument.Name;
}
