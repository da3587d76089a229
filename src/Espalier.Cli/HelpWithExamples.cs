using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Espalier.Cli.Commands;

namespace Espalier.Cli;

/// <summary>The library's help, and below it the command's examples.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is CommandBase { Examples: { Count: > 0 } examples })
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine(examples.Count == 1 ? "Example:" : "Examples:");
            foreach (var example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
        }
        return ExitCodes.Done;
    }
}
