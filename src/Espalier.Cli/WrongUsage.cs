using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Espalier.Cli.Interface;

namespace Espalier.Cli;

/// <summary>Turns what the parser found wrong into one sentence that names the nearest known command or option.</summary>
internal static class WrongUsage
{
    /// <summary>The sentence, or null where nothing is wrong (or where help is asked for, which is never wrong).</summary>
    internal static string? Describe(ParseResult parsed)
    {
        if (parsed.Action is HelpWithExamples)
            return null;

        var command = parsed.CommandResult.Command;
        var way = $"see: {UnknownCommand.LineOf(command)} --help";
        // The library takes a misspelt option for a value where a command has arguments.
        var taken = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value);
        if (taken.FirstOrDefault(value => value.Length > 1 && value.StartsWith('-')) is { } misspelt)
            return NoOption(misspelt);
        if (parsed.Errors.Count == 0)
            return Empty(parsed) is { } empty ? $"{empty} ({way})" : null;

        foreach (var token in parsed.UnmatchedTokens)
        {
            if (token.StartsWith('-'))
                return NoOption(token);
            if (command.Subcommands.Count > 0)
                return UnknownCommand.Describe(token, command);
            var prompt = command.Options.Any(option => option.Name == "--prompt") ? ": put the text to continue in quotes" : "";
            return $"{command.Name}: unexpected argument \"{token}\"{prompt} ({way})";
        }
        return $"{Missing(parsed) ?? Plain(parsed.Errors[0].Message)} ({way})";

        string NoOption(string name)
        {
            string[] known = [.. OptionNames(parsed.CommandResult)];
            return NearestName.Hint(name, known) is { Length: > 0 } hint ? $"there is no option {name}.{hint} ({way})"
                : $"there is no option {name}; {command.Name} has {string.Join(", ", known)} ({way})";
        }
    }

    /// <summary>A place on the disk with an empty name, as a variable leaves it that is not set; null where there is none.</summary>
    private static string? Empty(ParseResult parsed) =>
        parsed.CommandResult.Children.OfType<ArgumentResult>().FirstOrDefault(argument => ValueFacts.Of(argument.Argument).Files
            && argument.Tokens.Any(static token => token.Value.Length == 0)) is { Argument: var empty }
            ? $"{(empty.HelpName ?? empty.Name).ToUpperInvariant()} is empty: give a "
                + $"{(ValueFacts.Of(empty).Folders ? "" : "file or ")}folder"
                + (empty.Arity.MinimumNumberOfValues == 0 ? ", or leave it out" : "") : null;

    /// <summary>What the command cannot do without, with its own words for it; null where something else is wrong.</summary>
    private static string? Missing(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var message = parsed.Errors[0].Message;
        if (command.Options.FirstOrDefault(option => option.Required && message == $"Option '{option.Name}' is required.") is { } required)
            return $"{command.Name} needs {required.Name} {required.HelpName}: {Began(required.Description)}";
        return command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0
            && message.StartsWith($"Required argument '{argument.HelpName ?? argument.Name}' "
                + "missing", StringComparison.Ordinal)) is { } first
            ? $"{command.Name} needs {(first.HelpName ?? first.Name).ToUpperInvariant()}: {Began(first.Description)}" : null;

        // Goes on behind a colon: not so where it begins with a name.
        static string Began(string? text) =>
            text is [var one, var two, ..] && char.IsUpper(one) && char.IsLower(two) && !text.StartsWith("Hugging", StringComparison.Ordinal)
                ? char.ToLowerInvariant(one) + text[1..] : text ?? "";
    }

    private static IEnumerable<string> OptionNames(CommandResult result)
    {
        for (SymbolResult? at = result; at is not null; at = at.Parent)
            if (at is CommandResult { Command: var command })
                foreach (var option in command.Options.Where(o => !o.Hidden && (command == result.Command || o.Recursive)))
                    yield return option.Name;
    }

    /// <summary>The parser's own sentence, with the types of C# said in words.</summary>
    private static string Plain(string message) => message
        .TrimEnd('.')
        .Replace("as expected type 'System.Int32'", "as a whole number", StringComparison.Ordinal)
        .Replace("as expected type 'System.Int64'", "as a whole number", StringComparison.Ordinal)
        .Replace("as expected type 'System.Double'", "as a number", StringComparison.Ordinal);
}
