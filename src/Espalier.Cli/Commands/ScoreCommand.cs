using System.CommandLine;
using System.Globalization;
using Espalier.Cli.Commands.Shared;
using Espalier.Compression.Importance;

namespace Espalier.Cli.Commands;

/// <summary>Importance of every unit that can be pruned.</summary>
internal sealed class ScoreCommand : CommandBase
{
    private readonly ModelArgument model = new();
    private readonly TokenInput input = new();
    private readonly CalibrationInput calibration = new();
    private readonly Option<string> spans = new("--spans") { Description = "Widths of spans of layers whose block influence is wanted, such as 1,2,4", HelpName = "N,N", DefaultValueFactory = _ => "1" };
    private readonly Option<string> output = new("--output") { Description = "Write the scores for prune --scores", HelpName = "FILE.json" };
    private readonly ThreadsOption threads = new();

    internal ScoreCommand() : base(
        "score",
        "Score neurons, heads, channels and layers: by the activations of one forward pass over calibration text, or by weights as a control",
        "espalier score models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --output scores.json",
        "espalier score models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 --samples 32 --spans 1,2,4 --json",
        "espalier score models/quickstart-teacher --method magnitude --output magnitudes.json")
    {
        model.AddTo(this);
        input.AddTo(this);
        calibration.AddTo(this);
        Options.Add(spans);
        Options.Add(output);
        threads.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        var file = run.Get(output) is { } path ? OutputPath.File("--output", path, model.Folder(run)) : null;
        var widths = Widths(run.Get(spans)!);
        calibration.Check(run, input);
        using var checkpoint = model.OpenFinite(run);
        threads.Start(run);
        var scores = calibration.Score(run, checkpoint, input, widths);
        if (file is not null)
            ScoresFile.Write(file, scores);
        var report = ScoresFile.ToJson(scores);
        report["model"] = checkpoint.Folder;
        if (file is not null)
            report["output"] = file;
        run.Write(report, (page, _) => ScorePage.Show(page, scores, checkpoint.Folder, file));
        return ExitCodes.Done;
    }

    private static int[] Widths(string list) => [.. list.Split(',', StringSplitOptions.TrimEntries).Select(part =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            ? width
            : throw new EspalierException($"--spans is '{list}' and '{part}' is no number of layers: give widths such as 1,2,4"))];
}
