using System.CommandLine;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Cli.Commands.Training;

/// <summary>Trains a model from random weights.</summary>
internal sealed class PretrainCommand : TrainingCommand
{
    private readonly Argument<string> _config = new("config")
    { Description = "Folder with config.json (and tokenizer.json for text); its weights are not read" };

    internal PretrainCommand() : base(
        "pretrain",
        "Train a model from a config and random weights, by cross-entropy",
        new(IsFromNothing: true),
        "espalier pretrain models/quickstart-teacher dotnet-docs --steps 100 --output scratch",
        "espalier pretrain models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 --steps 300 "
            + "--learning-rate 3e-3 --seed 7 --output scratch-7 --json") =>
        Takes([_config, .. Shared]);

    protected override TrainingSources Models(CommandRun run, TrainingSection section) => new(run.Get(_config)!, null, null, section);

    protected override ModelSlot Start(RunContext run, string path, long seed)
    {
        var config = ModelSlot.Of(new("config", path, ContentHash.OfText(File.ReadAllText(Path.Combine(path, "config.json")))));
        var section = new PruneSection { Method = PruneMethod.RandomInit };
        var stage = new PruneStage(config, "start", config.Planned, new("the shape") { Value = section }, section,
            config.Planned.MaxPositions, seed);
        run.Walk([stage]);
        return stage.Pruned;
    }

    protected override TrainingStage Stage(TrainingSetting setting) =>
        new PretrainStage(setting.Start, setting.Section, setting.Data, setting.Sequence, setting.Seed)
        {
            Order = setting.Order.Make,
            OrderName = setting.Order.Name
        };
}
