using System.CommandLine;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Cli.Commands.Training;

/// <summary>Fine-tunes a teacher on the text that its student will be distilled on.</summary>
internal sealed class CorrectCommand : TrainingCommand
{
    private readonly Argument<string> _teacher = new("teacher") { Description = "Hugging Face folder of the teacher" };

    internal CorrectCommand() : base(
        "correct",
        "Teacher correction: fine-tune a teacher on the text that its student will be distilled on",
        new(Corrects: true),
        "espalier correct models/quickstart-teacher dotnet-docs --steps 100 --output corrected",
        "espalier correct models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 "
            + "--steps 150 --learning-rate 5e-4 --output adapted --json") =>
        Takes([_teacher, .. Shared]);

    protected override TrainingSources Models(CommandRun run, TrainingSection section) => new(run.Get(_teacher)!, null, null, section);

    protected override TrainingStage Stage(TrainingSetting setting) =>
        new CorrectStage(setting.Start, setting.Section, setting.Data, setting.Sequence, setting.Seed)
        {
            Order = setting.Order.Make,
            OrderName = setting.Order.Name
        };
}
