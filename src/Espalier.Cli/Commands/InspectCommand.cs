using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;

namespace Espalier.Cli.Commands;

/// <summary>Says what a model is, from its config and the headers of its weights.</summary>
internal sealed class InspectCommand : CommandBase
{
    private readonly Argument<string> path = new("path") { Description = "Hugging Face folder (config.json alone will do) or a GGUF file" };
    private readonly Option<bool> check = new("--check") { Description = "Read every weight, and refuse NaN and infinity" };

    internal InspectCommand() : base(
        "inspect",
        "Show a model's family, shapes, parameters, memory, key/value cache and integrity",
        "espalier inspect models/quickstart-teacher",
        "espalier inspect models/quickstart-teacher --check --json")
    {
        Arguments.Add(path);
        Options.Add(check);
    }

    protected override int Run(CommandRun run)
    {
        var place = run.Get(path)!;
        if (!Directory.Exists(place) && place.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return RunGguf(run, place);

        using var checkpoint = Checkpoint.Open(place, run.Get(check) || HasWeights(place)).WithNotes(run);
        if (run.Get(check))
            checkpoint.CheckFinite(run.Cancellation);
        run.Write(ModelFacts.Of(checkpoint, run.Get(check)), InspectPage.Show);
        return ExitCodes.Done;
    }

    private int RunGguf(CommandRun run, string file)
    {
        if (run.Get(check))
            throw new EspalierException($"{file}: --check reads Hugging Face folders; leave it out for a GGUF file");
        using var gguf = GgufFile.Open(file);
        run.Write(GgufFacts.Of(gguf, file), InspectPage.Show);
        return ExitCodes.Done;
    }

    private static bool HasWeights(string folder) => Directory.Exists(folder) && CheckpointFolder.HasWeights(folder);
}
