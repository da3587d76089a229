using System.CommandLine;
using Espalier.Compression.Distillation;

namespace Espalier.Cli.Commands.Shared;

/// <summary>A loss on hidden states beside the one on logits.</summary>
internal sealed class HiddenInput
{
    private readonly Option<string> layers = new("--hidden-layers")
    {
        Description = "Compare the normed inputs of these layers, TEACHER:STUDENT from 0, with commas between: 29:13",
        HelpName = "PAIRS",
    };

    private readonly Option<string> attention = new("--hidden-attention") { Description = "The same after attention", HelpName = "PAIRS" };
    private readonly Option<bool> embedding = new("--hidden-embedding") { Description = "Compare the embeddings' outputs" };
    private readonly Option<bool> final = new("--hidden-final") { Description = "Compare the last norms' outputs" };

    private readonly ChoiceOption<HiddenDistance> distance = new(
        "--hidden-distance", "How hidden states are compared", HiddenDistance.Mse, ("mse", HiddenDistance.Mse), ("cosine", HiddenDistance.Cosine));

    private readonly NumberOption weight = new("--hidden-weight", "Multiplies the loss on hidden states; by default loss on logits / loss on hidden states, anew in every pass (dynamic)", "X", word: ("dynamic", double.NaN));

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[layers, attention, embedding, final, distance, weight])
            command.Options.Add(option);
    }

    /// <summary>What is compared; null where nothing is.</summary>
    internal HiddenStateOptions? Read(CommandRun run)
    {
        var options = new HiddenStateOptions
        {
            Layers = Pairs(run, layers),
            Attention = Pairs(run, attention),
            Embedding = run.Get(embedding),
            Final = run.Get(final),
            Distance = run.Get(distance)!.Value,
            Weight = run.Get(weight) is { } given && !double.IsNaN(given) ? given : null,
        };
        if (!options.IsEmpty)
            return options;
        return run.Has(weight) || run.Has(distance)
            ? throw new EspalierException("--hidden-weight and --hidden-distance are for a loss on hidden states: give --hidden-layers, --hidden-attention, --hidden-embedding or --hidden-final")
            : null;
    }

    private static LayerPair[] Pairs(CommandRun run, Option<string> option) =>
        run.Get(option) is { } text ? [.. text.Split(',', StringSplitOptions.TrimEntries).Select(LayerPair.Parse)] : [];
}
