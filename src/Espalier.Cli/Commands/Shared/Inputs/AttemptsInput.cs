using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Sampling;
using Espalier.Evaluation.Tasks;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>How often models answer the questions of benchmarks, beside the one greedy answer.</summary>
internal sealed class AttemptsInput
{
    private readonly ValueOption<int> _attempts = new("--attempts", TaskSection.AttemptsKind,
        "Also sample N answers to each question of generative tasks: pass@k and means, in addition to the score of the greedy answer");

    private readonly ValueOption<double> _temperature = new("--temperature", TrainingSection.TemperatureKind,
        $"With --attempts: sampling temperature; by default {Attempts.UsualTemperature}");

    private readonly ValueOption<double> _topP = new("--top-p", TaskSection.TopPKind,
        $"With --attempts: sample only from the likeliest ids whose probabilities add up to P; by default {Attempts.UsualTopP}");

    private readonly ValueOption<long> _seed = new("--seed", Kinds.Seed, "With --attempts: sampling seed; by default 0");

    internal IReadOnlyList<Option> Options => [_attempts, _temperature, _topP, _seed];

    /// <summary>What was asked for; null where questions are answered once.</summary>
    /// <exception cref="EspalierException">An option stands without attempts.</exception>
    internal Attempts? Read(CommandRun run)
    {
        if (run.Get(_attempts) is { } count)
            return new(count, run.Get(_temperature) ?? Attempts.UsualTemperature, run.Get(_topP) ?? Attempts.UsualTopP,
                run.Get(_seed) ?? 0);
        foreach (var option in Options)
            if (run.Has(option))
                throw new EspalierException($"{option.Name} is for sampled answers, but models answer greedily: say how many to "
                    + $"sample with {_attempts.Name}, or leave it out");
        return null;
    }

    /// <summary>Tasks with so many answers to each question.</summary>
    /// <exception cref="EspalierException">One of them asks for no text.</exception>
    internal static TaskDefinition[] Of(TaskDefinition[] tasks, Attempts? attempts) =>
        attempts is null ? tasks : [.. tasks.Select(task => SampledKind.Of(task, attempts))];
}
