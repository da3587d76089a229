using System.CommandLine;
using System.Text.Json.Nodes;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;

namespace Espalier.Cli.Commands.Shared;

/// <summary>How ids are chosen. What is not given is taken from the model's generation_config.json, else it is off.</summary>
internal sealed class SamplingInput
{
    private readonly Option<bool> greedy = new("--greedy") { Description = "Always the likeliest id" };
    private readonly Option<double?> temperature = new("--temperature") { Description = "Sharpness of the choice, 0 is greedy; by default as in generation_config.json, else 1", HelpName = "T" };
    private readonly CountOption topK = new("--top-k", "Only the N likeliest ids, 0 is all; by default as in generation_config.json, else 0", least: 0);
    private readonly Option<double?> topP = new("--top-p") { Description = "Only the likeliest ids whose probabilities add up to P; by default as in generation_config.json, else 1", HelpName = "P" };
    private readonly CountOption seed = new("--seed", "Seed of the choices: the same seed gives the same text", 0, least: 0);

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[greedy, temperature, topK, topP, seed])
            command.Options.Add(option);
    }

    internal SamplingOptions Read(CommandRun run, Checkpoint model)
    {
        if (run.Get(greedy))
        {
            foreach (var option in (Option[])[temperature, topK, topP])
                if (run.Has(option))
                    throw new EspalierException($"--greedy and {option.Name} were both given: greedy has nothing to sample, leave one of them out");
            return new();
        }
        return new SamplingOptions
        {
            Temperature = run.Get(temperature) ?? Number(model, "temperature") ?? 1,
            TopK = run.Get(topK) ?? (int)Math.Clamp(Number(model, "top_k") ?? 0, 0, int.MaxValue),
            TopP = run.Get(topP) ?? Number(model, "top_p") ?? 1,
            Seed = run.Get(seed)!.Value,
        }.Validate();
    }

    private static double? Number(Checkpoint model, string name) =>
        model.GenerationConfig?[name] is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;
}
