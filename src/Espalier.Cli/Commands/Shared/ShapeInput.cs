using System.CommandLine;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Models;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Commands.Shared;

/// <summary>The shape to prune to; what is not given stays.</summary>
internal sealed class ShapeInput
{
    // Limits are the model's, so PruneTarget names them, with the nearest legal value.
    private readonly CountOption hidden = new("--hidden", "Width of the residual stream", least: int.MinValue);
    private readonly CountOption ffn = new("--ffn", "Width of the feed-forward blocks", least: int.MinValue);
    private readonly CountOption heads = new("--heads", "Query heads of a layer, a multiple of the key/value heads; where each has its own, that goes with it", least: int.MinValue);
    private readonly CountOption kvHeads = new("--kv-heads", "Key/value heads of a layer: fewer of them cut whole groups", least: int.MinValue);
    private readonly CountOption layers = new("--layers", "Layers", least: int.MinValue);
    private readonly ChoiceOption<DepthChoice> depth = new(
        "--depth", "Which layers go: the span, or the single ones, that matter least; or one after the other, which needs --depth-scores", DepthChoice.Contiguous,
        ("contiguous", DepthChoice.Contiguous), ("scattered", DepthChoice.Scattered), ("greedy", DepthChoice.Greedy));

    private readonly CountOption multiple = new("--multiple", "What --hidden and --ffn must be multiples of: 64 where the model's own are; 1 allows any, 128 suits CUDA");
    private readonly Option<bool> mergeHeads = new("--merge-heads") { Description = "Let query heads that go leave their residual in those that stay" };

    private CountOption[] Sizes => [hidden, ffn, heads, kvHeads, layers];

    internal void AddTo(Command command)
    {
        foreach (var option in Sizes)
            command.Options.Add(option);
        command.Options.Add(multiple);
        command.Options.Add(depth);
        command.Options.Add(mergeHeads);
    }

    /// <summary>The first option of the shape that was given, or null.</summary>
    internal string? Given(CommandRun run) => Sizes.Append<Option>(multiple).Append(depth).Append(mergeHeads).FirstOrDefault(run.Has)?.Name;

    internal bool MergeHeads(CommandRun run) => run.Get(mergeHeads);

    /// <summary>How a recipe would say it.</summary>
    internal PruneSection Section(CommandRun run) => new()
    {
        Target = new()
        {
            Hidden = run.Get(hidden),
            Ffn = run.Get(ffn),
            Heads = run.Get(heads),
            KvHeads = run.Get(kvHeads),
            Layers = run.Get(layers),
            Multiple = run.Get(multiple),
        },
        Depth = run.Get(depth)!.Value,
        MergeHeads = run.Get(mergeHeads),
    };

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException">No size was given, or one is impossible; the nearest legal one is named.</exception>
    internal DecoderConfig Student(CommandRun run, DecoderConfig teacher) => Sizes.Any(run.Has) ? Section(run).Target.Apply(teacher)
        : throw new EspalierException("there is nothing to prune: give --hidden, --ffn, --heads, --kv-heads or --layers");
}
