using System.CommandLine;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--stop</c>: texts that end what a model writes.</summary>
/// <param name="of">What ends.</param>
internal sealed class StopOption(string of)
{
    private readonly Option<string[]> _option = new("--stop")
    {
        Description = $"Text that ends {of} and is no part of it; may be given several times",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    internal void AddTo(Command command) => command.Options.Add(_option);

    /// <summary>Whether any was given.</summary>
    internal bool IsGiven(CommandRun run) => run.Has(_option);

    /// <summary>The texts.</summary>
    /// <exception cref="EspalierException">One is empty.</exception>
    internal IReadOnlyList<string> Of(CommandRun run)
    {
        var texts = run.Get(_option) ?? [];
        return texts.All(text => text.Length > 0) ? texts : throw new EspalierException("--stop is empty; give a text");
    }
}
