using System.CommandLine;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--seed</c>, with the numbers and the default of a recipe's.</summary>
/// <param name="of">What is random.</param>
internal sealed class SeedOption(string of)
{
    private readonly ValueOption<long> _option = new("--seed", Kinds.Seed, $"Seed of {of}", 1);

    internal void AddTo(Command command) => command.Options.Add(_option);

    /// <summary>Whether it was given.</summary>
    internal bool IsGiven(CommandRun run) => run.Has(_option);

    internal long Get(CommandRun run) => run.Get(_option)!.Value;
}
