using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Compression.Training.Speeds;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Cli.Commands.Recipes;

/// <summary>A dry run of a recipe from the teacher's config.json: no weight is read and nothing is written.</summary>
internal sealed class PlanCommand : CommandBase
{
    private static readonly TimeSpan s_glance = TimeSpan.FromSeconds(0.3);

    private readonly Argument<string> _recipe = new("RECIPE") { Description = "The recipe: a YAML file" };

    private readonly Option<double?> _gflops = new("--gflops")
    {
        Description =
            "This machine's matrix-product speed in GFLOP/s, for time estimates [default: "
                + "measured by running and training a block of the student's shape for a few seconds]",
        HelpName = "NUMBER",
    };

    private readonly MachineOptions _machine = new();

    private readonly FlagOption _noCalibration = new("--no-calibration", "Leave this machine out of the time estimates");

    internal PlanCommand() : base(
        "plan",
        "Show what a recipe will do and cost: stages, shapes, parameters, memory, operations, disk and estimated time; touches no weights",
        "espalier plan recipes/llama-3.1-8b-width-4b.yaml",
        "espalier plan recipes/mistral-nemo-12b-width-8b.yaml --json | jq .student.parameters") =>
        Takes([_recipe, _gflops, _noCalibration, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        if (run.Get(_gflops) is { } given && !(given > 0 && double.IsFinite(given)))
            throw new EspalierException($"--gflops is {given}; it must be above 0");
        if (run.Has(_gflops) && run.Get(_noCalibration))
            throw new EspalierException(
                "--gflops sets this machine's speed, but --no-calibration leaves it out: give one of them");
        var (file, read) = (run.Get(_recipe)!, RecipeFile.Read(run.Get(_recipe)!));
        read = read with { Output = RunLayout.FolderOf(read.Output, Path.GetFileNameWithoutExtension(file)) };
        var busy = 0.0;
        var plan = RecipePlan.Of(read, student => Here(run, student, read, out busy));
        RunPlace.Require(read.Output, [(Path.GetFileNameWithoutExtension(file), read)], File.ReadAllText(file));
        run.Write(busy > ProcessorLoad.BusyShare * Environment.ProcessorCount ? plan with { Warnings = [.. plan.Warnings, Busy(busy)] }
            : plan, PlanPage.Show);
        return ExitCodes.Done;
    }

    private static string Busy(double processors) => string.Create(CultureInfo.InvariantCulture,
        $"this machine is busy: other programs keep {processors:0.0} of {Environment.ProcessorCount} processors; the times are for the "
            + $"remaining ones and get shorter without those programs");

    private DeviceSpeed? Here(CommandRun run, DecoderConfig student, Recipe recipe, out double busy)
    {
        busy = 0;
        if (run.Get(_noCalibration))
            return null;
        if (run.Get(_gflops) is { } given)
            return DeviceSpeed.FromProduct(given);
        try
        {
            _machine.Start(run);
            busy = ProcessorLoad.OfOthers(s_glance);
            var (forward, training) = BlockSpeed.Measure(student, recipe.Data.Sequence,
                (recipe.Distill ?? recipe.Correct)?.Compute.Here() ?? ComputeType.Float32);
            return DeviceSpeed.FromWork(forward, training);
        }
        // The rest of the plan needs no libtorch; but a device that compress would refuse is refused here.
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException
            || error is EspalierException && !_machine.NamesDevice(run))
        {
            run.Progress.Warn(
                "this machine's speed could not be measured: "
                    + $"{((error as TypeInitializationException)?.InnerException ?? error).Message}; give it with --gflops");
            return null;
        }
    }
}
