using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Evaluation;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Machine;

/// <summary>How fast models take a prompt in and write, side by side.</summary>
internal sealed class BenchCommand : CommandBase
{
    private static readonly int[] s_contexts = [64, 256, 1024];

    private const int UsualTokens = 32;

    private readonly Argument<string[]> _models = new("models")
    {
        Description = "Hugging Face folders; the others are compared with the first",
        HelpName = "MODEL",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly ValueOption<IReadOnlyList<int>> _contexts = new("--contexts", Kinds.Counts("64,256"),
        "Prompt lengths, and context lengths before the timed tokens; by default those of 64, 256 and 1024 that all models have "
            + "positions for");

    private readonly ValueOption<IReadOnlyList<int>> _batches = new("--batches", Kinds.Counts("1,8"),
        "Numbers of sequences decoded at once", [1, 8]);

    private readonly ValueOption<int> _tokens = new("--tokens", Kinds.Size(),
        "Tokens per sequence that a decoding round times; by default 32, or half of the positions of models with few");

    private readonly ValueOption<int> _rounds = new("--rounds", Kinds.Size(least: 6, most: 1000),
        "Rounds; each times all models in turn", 9);

    private readonly WeightsOption _weights = new();
    private readonly MachineOptions _machine = new(onProcessor: true);

    internal BenchCommand() : base(
        "bench",
        "Measure how fast models prefill and decode, taking turns, next to the ratio of their operations",
        "espalier bench models/quickstart-teacher student",
        "espalier bench models/quickstart-teacher student --batches 1,4,16 --weights int8 --json") =>
        Takes([_models, _contexts, _batches, _tokens, _rounds, _weights, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        var folders = run.Get(_models)!;
        var (rounds, batches) = (run.Get(_rounds)!.Value, run.Get(_batches)!);
        var (checkpoints, models) = (new List<Checkpoint>(), new List<PackedWeights>());
        try
        {
            foreach (var folder in folders)
                checkpoints.Add(Checkpoint.Open(folder).WithNotes(run));
            var tokens = run.Get(_tokens) ?? Math.Min(UsualTokens, checkpoints.Min(model => model.Config.MaxPositions) / 2);
            var contexts = Contexts(run, checkpoints, tokens);
            _machine.Start(run);
            foreach (var checkpoint in checkpoints)
                models.Add(_weights.Load(run, checkpoint));
            SpeedSetting[] settings =
            [
                .. contexts.Select(context => new SpeedSetting(SpeedPhase.Prefill, context, 1)),
                .. contexts.SelectMany(context => batches.Select(batch => new SpeedSetting(SpeedPhase.Decode, context, batch))),
            ];
            var wait = new ProcessorWait(TimeSpan.Zero);
            wait.Look();
            var series = SpeedComparison.Run(models, settings, tokens, rounds, run.Progress, run.Cancellation);
            if (wait.Look() is > ProcessorWait.Starved and var waited)
                run.Progress.Warn(
                    string.Create(CultureInfo.InvariantCulture,
                        $"other programs kept the processors busy: this program's threads spent {waited:0%} of their time waiting, ")
                    + "so speeds are lower than the machine's; gains are more reliable, because rounds time the models in turn");
            run.Write(BenchReport.Of(folders, models, series, tokens, rounds), BenchPage.Show);
            return ExitCodes.Done;
        }
        finally
        {
            models.ForEach(model => model.Dispose());
            checkpoints.ForEach(checkpoint => checkpoint.Dispose());
        }
    }

    private IReadOnlyList<int> Contexts(CommandRun run, List<Checkpoint> models, int tokens)
    {
        var shortest = models.MinBy(model => model.Config.MaxPositions)!;
        var most = shortest.Config.MaxPositions - tokens;
        if (most < 1)
            throw new EspalierException(
                $"{shortest.Folder} has {shortest.Config.MaxPositions} positions, but --tokens is {tokens}: the token before them needs "
                    + "one more; give fewer");
        if (run.Get(_contexts) is not { } given)
            return s_contexts.Any(context => context <= most) ? [.. s_contexts.Where(context => context <= most)] : [most];
        return given.FirstOrDefault(context => context > most) is > 0 and var tooLong
            ? throw new EspalierException(
                $"--contexts has {tooLong}, which with {Units.Counted(tokens, "token")} after it exceeds the "
                    + $"{shortest.Config.MaxPositions} positions of {shortest.Folder}: give at most {most}, or fewer --tokens")
            : given;
    }
}
