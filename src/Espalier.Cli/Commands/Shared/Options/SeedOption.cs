using System.CommandLine;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--seed</c>, with the numbers and the default of a recipe's.</summary>
/// <param name="of">What is random.</param>
internal sealed class SeedOption(string of) : ValueOption<long>("--seed", Kinds.Seed, $"Seed of {of}", 1)
{
    internal long Get(CommandRun run) => run.Get(this)!.Value;
}
