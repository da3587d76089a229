using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Espalier.Cli.Host;
using Espalier.Cli.Interface;
using Espalier.Cli.Rendering;

namespace Espalier.Cli;

/// <summary>The library's help, and below it the command's examples; of the whole program the commands in their groups.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private const int Width = 100, Narrowest = 40, Indent = 17;
    private const char NoBreak = '\u00a0';

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        var width = WidthOf();
        if (parseResult.CommandResult.Command is RootCommand root)
        {
            Program(root, output, width);
            return ExitCodes.Done;
        }
        help.MaxWidth = width;
        foreach (var option in parseResult.CommandResult.Command.Options)
            option.HelpName = BetweenWords(option.HelpName, width / 2 - 6);
        foreach (var argument in parseResult.CommandResult.Command.Arguments)
            argument.HelpName ??= argument.Name.ToUpperInvariant();
        output.Write(Written(parseResult, help));
        if (parseResult.CommandResult.Command is IDescribedCommand { Examples: { Count: > 0 } examples })
        {
            output.WriteLine(examples.Count == 1 ? "Example:" : "Examples:");
            // The shell reads a line that ends in \ and the next as one: what is copied runs.
            foreach (var lines in examples.Select(example => Wrapped.Lines(WithoutSpacesInQuotes(example), width - 6)))
                output.WriteLine($"  {string.Join(" \\\n    ", lines).Replace(NoBreak, ' ')}");
            output.WriteLine();
        }
        return ExitCodes.Done;
    }

    /// <summary>The library's help, its usage with the names of arguments that the list below it has.</summary>
    private static string Written(ParseResult parsed, HelpAction help)
    {
        var (command, configuration) = (parsed.CommandResult.Command, parsed.InvocationConfiguration);
        var (output, written) = (configuration.Output, new StringWriter());
        configuration.Output = written;
        help.Invoke(parsed);
        configuration.Output = output;
        return command.Arguments.Aggregate(written.ToString(), (text, argument) =>
            text.Replace($"<{argument.Name}>", $"<{argument.HelpName}>", StringComparison.Ordinal));
    }

    /// <summary>A list of words that is longer than its column with a place to break at, so that no word is broken.</summary>
    private static string? BetweenWords(string? value, int width)
    {
        if (value is null || value.Length <= width || !value.Contains('|'))
            return value;
        var lines = new List<string> { "" };
        foreach (var word in value.Split('|'))
            if (lines[^1].Length + word.Length + 1 > width)
                lines.Add($"{word}|");
            else
                lines[^1] += $"{word}|";
        return string.Join(' ', lines)[..^1];
    }

    // What stands in quotes is one word.
    private static string WithoutSpacesInQuotes(string example)
    {
        char? quote = null;
        return string.Concat(example.Select(c =>
        {
            quote = quote is null && c is '"' or '\'' ? c : quote == c ? null : quote;
            return c == ' ' && quote is not null ? NoBreak : c;
        }));
    }

    // Lines longer than that are hard to read, on however wide a terminal.
    private static int WidthOf() => Console.IsOutputRedirected ? Width : Math.Clamp(Console.WindowWidth, Narrowest, Width);

    private static void Program(RootCommand root, TextWriter output, int width)
    {
        foreach (var line in Wrapped.Lines(root.Description ?? "", width))
            output.WriteLine(line);
        output.WriteLine();
        output.WriteLine("Usage: espalier COMMAND [ARGUMENTS] [OPTIONS]");
        foreach (var group in root.Subcommands.Where(command => !command.Hidden).GroupBy(command => ((IDescribedCommand)command).Group))
            Entries(group.Key, group.Select(command => (command.Name, command.Description ?? "")), output, width);
        Entries("Options", root.Options.Where(option => !option.Hidden).Select(option => (Names(option), option.Description ?? "")),
            output, width);
        output.WriteLine();
        output.WriteLine("espalier help COMMAND shows its arguments, options and examples.");
    }

    private static string Names(Option option) =>
        string.Join(", ", option.Aliases.Where(alias => alias.StartsWith('-')).Append(option.Name));

    private static void Entries(string title, IEnumerable<(string Name, string Text)> entries, TextWriter output, int width)
    {
        var listed = entries.ToArray();
        var indent = Math.Max(Indent, listed.Max(entry => entry.Name.Length) + 4);
        output.WriteLine();
        output.WriteLine($"{title}:");
        foreach (var (name, text) in listed)
        {
            var lines = Wrapped.Lines(text, width - indent);
            output.WriteLine($"  {name}".PadRight(indent - 1) + $" {lines[0]}");
            foreach (var line in lines.Skip(1))
                output.WriteLine(new string(' ', indent) + line);
        }
    }
}
