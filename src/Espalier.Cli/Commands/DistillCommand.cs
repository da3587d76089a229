using System.CommandLine;
using Espalier.Cli.Commands.Shared;

namespace Espalier.Cli.Commands;

/// <summary>Trains a student to give the teacher's distribution.</summary>
internal sealed class DistillCommand : TrainingCommand
{
    private readonly Argument<string> student = new("student") { Description = "Hugging Face folder of the student" };

    private readonly Option<string> teacher = new("--teacher") { Description = "Hugging Face folder of the teacher", HelpName = "FOLDER" };

    private readonly Option<string> loss = new("--loss")
    {
        Description = "forward-kl: the teacher's distribution; cross-entropy: the text itself, without a teacher (a control)",
        HelpName = "forward-kl|cross-entropy",
        DefaultValueFactory = _ => "forward-kl",
    };

    private readonly NumberOption temperature = new("--temperature", "Divides both models' logits in forward-kl; no factor of its square", "T", 1.0);

    internal DistillCommand() : base(
        "distill",
        "Train a student to give its teacher's distribution, by forward KL on the logits",
        1e-3,
        10,
        "espalier distill pruned --teacher models/quickstart-teacher dotnet-docs --steps 100 --output student",
        "espalier distill pruned --teacher teacher --ids tokens.u16 --order sequential --batch 8 --seq 256 --steps 20 --lr 1e-3 --min-lr 1e-4 --output student --json")
    {
        Arguments.Add(student);
        Options.Add(teacher);
        Options.Add(loss);
        Options.Add(temperature);
        AddShared();
    }

    protected override (string Start, string? Teacher, string Loss, double Temperature) Models(CommandRun run)
    {
        string[] losses = ["forward-kl", "cross-entropy"];
        var name = run.Get(loss)!;
        if (!losses.Contains(name))
            throw new EspalierException($"--loss is '{name}', it must be one of {string.Join(", ", losses)}.{NearestName.Hint(name, losses)}");
        if (name == "forward-kl" && !run.Has(teacher))
            throw new EspalierException("--teacher is missing: forward-kl compares with a teacher; name its folder, or take --loss cross-entropy");
        var tau = run.Get(temperature)!.Value;
        if (tau <= 0)
            throw new EspalierException($"--temperature is {tau} and must be above 0");
        return (run.Get(student)!, name == "forward-kl" ? run.Get(teacher) : null, name, tau);
    }
}
