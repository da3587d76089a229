using System.CommandLine;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Models;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Commands.Shared;

/// <summary>The shape to prune to; what is not given stays.</summary>
internal sealed class ShapeInput
{
    // Limits are the model's, so PruneTarget names them, with the nearest legal value.
    private readonly CountOption _hidden = new("--hidden", "Width of the residual stream", least: int.MinValue);
    private readonly CountOption _ffn = new("--ffn", "Width of the feed-forward blocks", least: int.MinValue);
    private readonly CountOption _heads = new("--heads",
        "Query heads of a layer, a multiple of the key/value heads; where each has its own, that goes with it", least: int.MinValue);
    private readonly CountOption _kvHeads = new("--kv-heads", "Key/value heads of a layer: fewer of them cut whole groups",
        least: int.MinValue);
    private readonly CountOption _layers = new("--layers", "Layers", least: int.MinValue);
    private readonly ChoiceOption<DepthChoice> _depth = new(
        "--depth", "Which layers go: the span, or the single ones, that matter least; or one after the other, which needs --depth-scores",
        DepthChoice.Contiguous,
        ("contiguous", DepthChoice.Contiguous), ("scattered", DepthChoice.Scattered), ("greedy", DepthChoice.Greedy));

    private readonly CountOption _multiple = new("--multiple",
        "What --hidden and --ffn must be multiples of: 64 where the model's own are; 1 allows any, 128 suits CUDA");
    private readonly Option<bool> _mergeHeads = new("--merge-heads")
    { Description = "Let query heads that go leave their residual in those that stay" };

    private CountOption[] Sizes => [_hidden, _ffn, _heads, _kvHeads, _layers];

    internal void AddTo(Command command)
    {
        foreach (var option in Sizes)
            command.Options.Add(option);
        command.Options.Add(_multiple);
        command.Options.Add(_depth);
        command.Options.Add(_mergeHeads);
    }

    /// <summary>The first option of the shape that was given, or null.</summary>
    internal string? Given(CommandRun run) =>
        Sizes.Append<Option>(_multiple).Append(_depth).Append(_mergeHeads).FirstOrDefault(run.Has)?.Name;

    internal bool MergeHeads(CommandRun run) => run.Get(_mergeHeads);

    /// <summary>How a recipe would say it.</summary>
    internal PruneSection Section(CommandRun run) => new()
    {
        Target = new()
        {
            Hidden = run.Get(_hidden),
            Ffn = run.Get(_ffn),
            Heads = run.Get(_heads),
            KvHeads = run.Get(_kvHeads),
            Layers = run.Get(_layers),
            Multiple = run.Get(_multiple),
        },
        Depth = run.Get(_depth)!.Value,
        MergeHeads = run.Get(_mergeHeads),
    };

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException">No size was given, or one is impossible; the nearest legal one is named.</exception>
    internal DecoderConfig Student(CommandRun run, DecoderConfig teacher) => Sizes.Any(run.Has) ? Section(run).Target.Apply(teacher)
        : throw new EspalierException("there is nothing to prune: give --hidden, --ffn, --heads, --kv-heads or --layers");
}
