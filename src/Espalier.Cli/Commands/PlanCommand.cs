using System.CommandLine;
using Espalier.Cli.Machine;
using Espalier.Compression;
using Espalier.Compression.Recipes;

namespace Espalier.Cli.Commands;

/// <summary>A dry run of a recipe from the teacher's config.json: no weight is read and nothing is written.</summary>
internal sealed class PlanCommand : CommandBase
{
    private const int MatrixSize = 1024;

    private readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe: a YAML file" };

    private readonly Option<double?> gflops = new("--gflops")
    {
        Description = "This machine's speed in GFLOP/s, for the time [default: measured with a short matrix product]",
        HelpName = "NUMBER",
    };

    internal PlanCommand() : base(
        "plan",
        "Show what a recipe will do and cost: stages, shapes, parameters, memory, operations, disk and estimated time; touches no weights",
        "espalier plan recipes/llama-3.1-8b-width-4b.yaml",
        "espalier plan recipes/mistral-nemo-12b-width-8b.yaml --json | jq .student.parameters")
    {
        Arguments.Add(recipe);
        Options.Add(gflops);
    }

    protected override int Run(CommandRun run)
    {
        if (run.Get(gflops) is { } given && !(given > 0 && double.IsFinite(given)))
            throw new EspalierException($"--gflops is {given} and must be above 0");
        var read = RecipeFile.Read(run.Get(recipe)!);
        run.Write(RecipePlan.Of(read, run.Get(gflops) ?? Measured(run.Progress)), PlanPage.Show);
        return ExitCodes.Done;
    }

    private static double? Measured(IProgressReporter progress)
    {
        try
        {
            return 2.0 * MatrixSize * MatrixSize * MatrixSize / new TorchProbe().MatrixProductSeconds(MatrixSize) / 1e9;
        }
        // The rest of the plan needs no libtorch.
        catch (Exception error) when (error is EspalierException or DllNotFoundException or TypeInitializationException)
        {
            progress.Warn($"this machine's speed could not be measured: {((error as TypeInitializationException)?.InnerException ?? error).Message}; give it with --gflops");
            return null;
        }
    }
}
