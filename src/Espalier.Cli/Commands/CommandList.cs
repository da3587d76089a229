namespace Espalier.Cli.Commands;

/// <summary>All commands, in the order in which <c>--help</c> lists them: along the recipe.</summary>
internal static class CommandList
{
    internal static IReadOnlyList<CommandBase> All() =>
    [
        new CompressCommand(),
        new PlanCommand(),
        new InspectCommand(),
        new ScoreCommand(),
        new DepthCommand(),
        new SearchCommand(),
        new PruneCommand(),
        new NeedCommand(),
        new CorrectCommand(),
        new CacheCommand(),
        new DistillCommand(),
        new PretrainCommand(),
        new EvaluateCommand(),
        new GenerateCommand(),
        new ExportCommand(),
        new CompareRunsCommand(),
        new DoctorCommand(),
    ];
}
