using Espalier.Cli.Commands.Answering;
using Espalier.Cli.Commands.Evaluating;
using Espalier.Cli.Commands.Folders;
using Espalier.Cli.Commands.Machine;
using Espalier.Cli.Commands.Pruning;
using Espalier.Cli.Commands.Recipes;
using Espalier.Cli.Commands.Runs;
using Espalier.Cli.Commands.Training;

namespace Espalier.Cli.Commands;

/// <summary>
/// All commands, in the groups and the order in which help lists them: along the recipe, so that examples find what those before them made.
/// </summary>
internal static class CommandList
{
    internal static IReadOnlyList<CommandBase> All() =>
    [
        .. Group("The recipe", new InitCommand(), new PlanCommand(), new CompressCommand(), new SearchCommand()),
        .. Group("Single stages", new ScoreCommand(), new DepthCommand(), new PruneCommand(), new NeedCommand(), new CorrectCommand(),
            new CacheCommand(), new DistillCommand(), new PretrainCommand(), new SynthesizeCommand(), new AlignCommand(),
            new MergeCommand(), new ExportCommand(), new ImportCommand()),
        .. Group("Models", new InspectCommand(), new EvaluateCommand(), new GenerateCommand(), new ChatCommand(), new ServeCommand(),
            new BenchCommand()),
        .. Group("Run folders", new RunsCommand(), new StatusCommand(), new ReportCommand(), new CompareRunsCommand()),
        .. Group("This program", new DoctorCommand(), new SchemaCommand(), new HelpCommand(), new CompletionCommand()),
    ];

    private static CommandBase[] Group(string title, params CommandBase[] commands)
    {
        foreach (var command in commands)
            command.Group = title;
        return commands;
    }
}
