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
    private readonly (Axis Axis, CountOption Option)[] _sizes =
        [.. Axis.Asked.Select(axis => (axis, new CountOption($"--{axis.Key}", axis.Summary, least: int.MinValue)))];

    private readonly ChoiceOption<DepthChoice> _depth = new(
        "--depth", "Which layers go: the span, or the single ones, that matter least; or one after the other, which needs --depth-scores",
        DepthChoice.Contiguous,
        ("contiguous", DepthChoice.Contiguous), ("scattered", DepthChoice.Scattered), ("greedy", DepthChoice.Greedy));

    private readonly CountOption _multiple = new("--multiple",
        "What --hidden and --ffn must be multiples of: 64 where the model's own are; 1 allows any, 128 suits CUDA");
    private readonly Option<bool> _mergeHeads = new("--merge-heads")
    { Description = "Let query heads that go leave their residual in those that stay" };

    private IEnumerable<CountOption> Sizes => _sizes.Select(size => size.Option);

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
        Sizes.Cast<Option>().Append(_multiple).Append(_depth).Append(_mergeHeads).FirstOrDefault(run.Has)?.Name;

    internal bool MergeHeads(CommandRun run) => run.Get(_mergeHeads);

    /// <summary>How a recipe would say it.</summary>
    internal PruneSection Section(CommandRun run) => new()
    {
        Target = new()
        {
            Sizes = new(axis => run.Get(Array.Find(_sizes, size => size.Axis == axis).Option)),
            Multiple = run.Get(_multiple),
        },
        Depth = run.Get(_depth)!.Value,
        MergeHeads = run.Get(_mergeHeads),
    };

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException">No size was given, or one is impossible; the nearest legal one is named.</exception>
    internal DecoderConfig Student(CommandRun run, DecoderConfig teacher)
    {
        if (Sizes.Any(run.Has))
            return Section(run).Target.Apply(teacher);
        string[] names = [.. Sizes.Select(option => option.Name)];
        throw new EspalierException($"there is nothing to prune: give {string.Join(", ", names[..^1])} or {names[^1]}");
    }
}
