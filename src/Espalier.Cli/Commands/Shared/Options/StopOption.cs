using System.CommandLine;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--stop</c>: texts that end what a model writes.</summary>
internal sealed class StopOption : Option<string[]>
{
    /// <param name="of">What ends.</param>
    internal StopOption(string of) : base("--stop")
    {
        Description = $"Text that ends {of}, without being part of it; may be given several times";
        HelpName = "TEXT";
        Arity = ArgumentArity.OneOrMore;
        AllowMultipleArgumentsPerToken = false;
    }

    /// <summary>The texts.</summary>
    /// <exception cref="EspalierException">One is empty.</exception>
    internal IReadOnlyList<string> Of(CommandRun run)
    {
        var texts = run.Get(this) ?? [];
        return texts.All(text => text.Length > 0) ? texts : throw new EspalierException("--stop is empty; give a text");
    }
}
