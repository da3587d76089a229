using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Compression.Pruning;
using Espalier.Models;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>The shape to prune to, or a plan: the keys of a recipe's <c>prune</c>. What is not given stays.</summary>
internal sealed class ShapeInput
{
    private readonly KeyOptions<PruneSection> _keys = new(PruneSection.Keys(searches: false), new());

    internal void AddTo(Command command) => _keys.AddTo(command);

    /// <summary>How a recipe would say it.</summary>
    internal PruneSection Section(CommandRun run) => _keys.Read(run, PruneSection.Section, new());

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException">No size was given, or one is impossible; the nearest legal one is named.</exception>
    internal static DecoderConfig Student(PruneSection section, DecoderConfig teacher) =>
        section.Plan is { } plan ? PlanFile.Apply(plan, teacher)
        : Axis.All.All(axis => section.Target.Sizes[axis] is null)
            ? throw new EspalierException($"there is nothing to prune: give {string.Join(", ", ShapeKeys.Sizes.Select(key => $"--{key}"))}")
        : section.Target.Apply(teacher);
}
