using System.CommandLine;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Cli.Commands.Training;

/// <summary>Trains a student to give the teacher's distribution.</summary>
internal sealed class DistillCommand : TrainingCommand
{
    private readonly Argument<string> _student = new("student") { Description = "Hugging Face folder of the student" };

    private readonly TextOption _teacher = new("--teacher", "Hugging Face folder of the teacher", "FOLDER");

    private readonly TextOption _cache = new("--cache",
        "Folder written by espalier cache, instead of the teacher, for the same data, sequence and temperature", "FOLDER");

    internal DistillCommand() : base(
        "distill",
        "Train a student to match its teacher's distribution, by forward KL on the logits",
        new(HasLoss: true),
        "espalier distill pruned --teacher models/quickstart-teacher dotnet-docs --steps 100 --output student",
        "espalier distill shallow --teacher corrected dotnet-docs --loss \"jensen-shannon(0.1) + 0.1*cross-entropy\" --hidden-layers 6:3 "
            + "--hidden-embedding --output shallow-student",
        "espalier distill pruned --cache cache dotnet-docs --steps 100 --output from-cache",
        "espalier distill pruned --teacher models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 --order "
            + "sequential --batch 8 --sequence 256 --steps 20 --learning-rate 1e-3 --min-learning-rate 1e-4 --output stepwise --json") =>
        Takes([_student, _teacher, _cache, .. Shared]);

    protected override TrainingSources Models(CommandRun run, TrainingSection section)
    {
        var spec = LossSpec.Parse(section.Loss);
        if (!spec.NeedsTeacher && section.Hidden is null)
        {
            if (run.Has(_cache))
                throw new EspalierException($"--cache was given, but --loss {spec} needs no teacher: leave it out");
            return new(run.Get(_student)!, null, null, section);
        }
        if (run.Get(_cache) is not { } folder)
            return run.Has(_teacher)
                ? new(run.Get(_student)!, run.Get(_teacher), null, section)
                : throw new EspalierException(
                    $"--teacher is missing: {spec} needs one; give its folder, or --cache, or use --loss cross-entropy");
        if (section.Hidden is not null)
            throw new EspalierException(
                "--cache was given with a loss on hidden states, which a cache does not hold: give --teacher instead of --cache");
        section = section with { Cache = CacheInput.SectionOf(folder) };
        return section.Cache.Encoding == CacheEncoding.Hidden || spec.TakesSparse
            ? new(run.Get(_student)!, run.Get(_teacher), folder, section)
            : throw new EspalierException(
                $"--loss {spec} needs full distributions, but {folder} has only some "
                    + "entries of each: use forward-kl, or a cache with encoding hidden");
    }

    protected override TrainingStage Stage(TrainingSetting setting) =>
        new DistillStage(setting.Start, "trained", setting.Teacher, setting.Section, setting.Data, setting.Sequence, setting.Seed)
        {
            Cache = setting.Cache,
            Order = setting.Order.Make,
            OrderName = setting.Order.Name,
        };
}
