using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Espalier.Cli.Commands;
using Espalier.Cli.Host;
using Espalier.Cli.Interface;
using Espalier.Cli.Rendering;

namespace Espalier.Cli;

/// <summary>The library's help, and below it the command's examples; of the whole program the commands in their groups.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private const int Width = 100;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is RootCommand root)
        {
            Program(root, output);
            return ExitCodes.Done;
        }
        help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is IDescribedCommand { Examples: { Count: > 0 } examples })
        {
            output.WriteLine(examples.Count == 1 ? "Example:" : "Examples:");
            foreach (var example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
        }
        return ExitCodes.Done;
    }

    private static void Program(RootCommand root, TextWriter output)
    {
        foreach (var line in Wrapped.Lines(root.Description ?? "", Width))
            output.WriteLine(line);
        output.WriteLine();
        output.WriteLine("Usage: espalier COMMAND [ARGUMENTS] [OPTIONS]");
        foreach (var group in root.Subcommands.Where(command => !command.Hidden).GroupBy(command => ((IDescribedCommand)command).Group))
            Entries(group.Key, group.Select(command => (command.Name, command.Description ?? "")), output);
        Entries("Options", root.Options.Where(option => !option.Hidden).Select(option => (Names(option), option.Description ?? "")),
            output);
        output.WriteLine();
        output.WriteLine("espalier help COMMAND shows its arguments, options and examples.");
    }

    private static string Names(Option option) =>
        string.Join(", ", option.Aliases.Where(alias => alias.StartsWith('-')).Append(option.Name));

    private static void Entries(string title, IEnumerable<(string Name, string Text)> entries, TextWriter output)
    {
        const int indent = 17;
        output.WriteLine();
        output.WriteLine($"{title}:");
        foreach (var (name, text) in entries)
        {
            var lines = Wrapped.Lines(text, Width - indent);
            output.WriteLine($"  {name}".PadRight(indent - 1) + $" {lines[0]}");
            foreach (var line in lines.Skip(1))
                output.WriteLine(new string(' ', indent) + line);
        }
    }
}
