using System.CommandLine;
using System.CommandLine.Help;

namespace Espalier.Cli.Interface;

/// <summary>The command line as data: what <c>help --json</c> prints and completion scripts are made from.</summary>
/// <param name="Options">Options that every command has.</param>
/// <param name="Commands">The commands in the order of help.</param>
internal sealed record InterfaceFacts(IReadOnlyList<ValueFacts> Options, IReadOnlyList<CommandFacts> Commands)
{
    /// <summary>The facts of all commands, or of one.</summary>
    internal static InterfaceFacts Of(RootCommand root, Command? one = null) => new(
        [.. root.Options.Where(option => !option.Hidden && option.Recursive).Select(ValueFacts.Of)],
        [.. root.Subcommands.Where(command => !command.Hidden && (one is null || command == one)).Select(CommandFacts.Of)]);
}

/// <summary>One command.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Group">The heading that help lists it below.</param>
/// <param name="Description">What it does.</param>
/// <param name="Arguments">What stands after it, in order.</param>
/// <param name="Options">Its own options.</param>
/// <param name="Examples">Command lines that work as they stand.</param>
internal sealed record CommandFacts(
    string Name, string Group, string Description, IReadOnlyList<ValueFacts> Arguments, IReadOnlyList<ValueFacts> Options,
    IReadOnlyList<string> Examples)
{
    internal static CommandFacts Of(Command command) => new(
        command.Name,
        (command as IDescribedCommand)?.Group ?? "",
        command.Description ?? "",
        [.. command.Arguments.Where(argument => !argument.Hidden).Select(ValueFacts.Of)],
        [.. command.Options.Where(option => !option.Hidden && option is not HelpOption).Select(ValueFacts.Of)],
        (command as IDescribedCommand)?.Examples ?? []);
}

/// <summary>One option or argument.</summary>
/// <param name="Name">Its name, an option's with dashes.</param>
/// <param name="Aliases">An option's other names.</param>
/// <param name="Description">What it says.</param>
/// <param name="Value">What its value looks like; null where an option takes none.</param>
/// <param name="Choices">The words that it takes; empty where it is free.</param>
/// <param name="Files">Whether its value may name a file or folder.</param>
/// <param name="Folders">Whether only a folder will do.</param>
/// <param name="Required">Whether it must be given.</param>
/// <param name="Many">Whether it may be given more than once.</param>
internal sealed record ValueFacts(
    string Name, IReadOnlyList<string> Aliases, string Description, string? Value, IReadOnlyList<string> Choices, bool Files, bool Folders,
    bool Required, bool Many)
{
    /// <summary>The value where an option is not given; null where there is none, or the description says what happens then.</summary>
    public string? Default { get; init; }

    /// <summary>Whether it names a command of this program.</summary>
    internal bool IsCommand => Value == "COMMAND";

    internal static ValueFacts Of(Option option)
    {
        var takesValue = option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0;
        var value = takesValue ? option.HelpName ?? "VALUE" : null;
        return Of(option.Name, [.. option.Aliases.Where(alias => alias.StartsWith('-'))], option.Description, value, option.Required,
            option.Arity.MaximumNumberOfValues > 1) with
        {
            Default = takesValue && option.HasDefaultValue ? Convert.ToString(option.GetDefaultValue(), CultureInfo.InvariantCulture)
                : null,
        };
    }

    internal static ValueFacts Of(Argument argument) => Of(
        argument.Name, [], argument.Description, argument.HelpName
            ?? "PATH", argument.Arity.MinimumNumberOfValues > 0, argument.Arity.MaximumNumberOfValues > 1);

    /// <summary>
    /// A value's form says what completes it: words in lower case stand for themselves, FILE, FOLDER and the like for names on the disk.
    /// </summary>
    private static ValueFacts Of(string name, string[] aliases, string? description, string? value, bool required, bool many)
    {
        string[] parts = value?.Split('|') ?? [];
        string[] choices = parts.Length > 1
            ? [.. parts.Where(part => part.Length > 0
                && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.'))] : [];
        string[] paths = [.. parts.Except(choices).Where(IsPath)];
        return new(name, aliases, description
            ?? "", value, choices, paths.Length > 0, paths.Length > 0 && paths.All(part => part == "FOLDER"), required, many);
    }

    private static bool IsPath(string part) => part is "FILE" or "FOLDER" or "TEXT" or "IDS" or "PATH" or "RUN"
        || (part.Contains('.', StringComparison.Ordinal) && char.IsAsciiLetterUpper(part[0]));
}
