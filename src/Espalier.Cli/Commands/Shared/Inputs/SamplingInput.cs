using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Sampling;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>
/// How ids are chosen. What is not given is taken from the model's generation_config.json, else it is off. Where that says do_sample false,
/// the choice is greedy unless an option asks for sampling.
/// </summary>
internal sealed class SamplingInput
{
    private readonly FlagOption _greedy = new("--greedy", "Always pick the likeliest id, like do_sample false in generation_config.json");
    private readonly Option<double?> _temperature = new("--temperature")
    {
        Description = "Sampling temperature, 0 is greedy; by default from generation_config.json, otherwise 1",
        HelpName = "T"
    };
    private readonly ValueOption<int> _topK = new("--top-k", Kinds.Size(least: 0),
        "Sample only from the N likeliest ids, 0 is all; by default from generation_config.json, otherwise 0");
    private readonly Option<double?> _topP = new(
        "--top-p")
    {
        Description =
            "Sample only from the likeliest ids whose probabilities add up to P; by default from generation_config.json, otherwise 1",
        HelpName = "P"
    };
    private readonly Option<double?> _minP = new("--min-p")
    {
        Description = "After --top-k and --top-p, keep only ids at least P times as likely as the likeliest, 0 is all; by default from "
            + "generation_config.json, otherwise 0",
        HelpName = "P"
    };
    private readonly ValueOption<double> _repetitionPenalty = new(
        "--repetition-penalty", Kinds.Number("X", Limits.RepetitionPenalty),
        "Divides the logits of ids that already occur in the text, 1 is off; by default from generation_config.json, otherwise 1");
    private readonly ValueOption<int> _seed = new("--seed", Kinds.Size(least: 0),
        "Sampling seed: the same seed gives the same text", 0);

    internal IEnumerable<Option> Options => [_greedy, _temperature, _topK, _topP, _minP, _repetitionPenalty, _seed];

    internal SamplingOptions Read(CommandRun run, Checkpoint model)
    {
        if (run.Get(_greedy))
            foreach (var option in (Option[])[_temperature, _topK, _topP, _minP])
                if (run.Has(option))
                    throw new EspalierException(
                        $"--greedy and {option.Name} were both given: greedy decoding does not sample, leave one of them out");

        var file = new GenerationFields(model);
        var asked = run.Has(_temperature) || run.Has(_topK) || run.Has(_topP) || run.Has(_minP);
        var options = new SamplingOptions { RepetitionPenalty = run.Get(_repetitionPenalty) ?? file.RepetitionPenalty ?? 1 };
        if (!run.Get(_greedy) && (asked || file.DoSample != false))
            options = options with
            {
                Temperature = run.Get(_temperature) ?? file.Temperature ?? 1,
                TopK = run.Get(_topK) ?? file.TopK ?? 0,
                TopP = run.Get(_topP) ?? file.TopP ?? 1,
                MinP = run.Get(_minP) ?? file.MinP ?? 0,
                Seed = run.Get(_seed)!.Value,
            };
        if (file.Ignored(sampling: options.Temperature > 0) is { Count: > 0 } ignored)
            run.Progress.Warn(
                $"{Path.Combine(model.Folder, CheckpointFolder.GenerationConfigFile)}; ignored settings: {string.Join(", ", ignored)}");
        return options.Validate();
    }
}
