using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Export;

namespace Espalier.Pipeline.Planning;

/// <summary>
/// A legal shape of about half of a teacher's parameters beside the embedding, cut evenly in width, and in depth only where width does not
/// suffice.
/// </summary>
internal static class StudentShape
{
    private const double Wanted = 0.5;

    // What is this far from half, or this uneven, is as bad.
    private const double Unevenness = 0.1, DepthCost = 0.05;

    // Sizes of an axis, and shapes that are held against other programs.
    private const int MostSizes = 64, MostTried = 32;

    // A teacher of so many of a step has more than one multiple between its half and itself.
    private const int FewestMultiples = 3;

    private static readonly int[] s_steps = [PruneTarget.DefaultMultiple, PruneTarget.DefaultMultiple / 2];

    /// <summary>The shape, which every program reads back that reads the teacher.</summary>
    /// <exception cref="EspalierException">No smaller shape is legal.</exception>
    public static DecoderConfig Half(Checkpoint teacher, IReadOnlyList<ExportKind> kinds)
    {
        var config = teacher.Config;
        var units = UnitsOf(config);
        DecoderConfig[] shapes = [.. (from layers in Enumerable.Range((config.Layers + 1) / 2, config.Layers - (config.Layers + 1) / 2 + 1)
                                      from hidden in Widths(config.HiddenSize)
                                      from ffn in Widths(units.Of(config))
                                      let shape = units.With(Axis.Layers.With(config, layers) with { HiddenSize = hidden }, ffn)
                                      where shape.NonEmbeddingParameters < config.NonEmbeddingParameters
                                      orderby Badness(config, shape)
                                      select shape)];
        // Where other programs take head_dim from the hidden width, that one stays.
        return shapes.Take(MostTried).Concat(shapes.Where(shape => shape.HiddenSize == config.HiddenSize))
            .FirstOrDefault(shape => kinds.All(kind => IsExported(teacher, shape, kind)))
            ?? throw new EspalierException(
                $"{teacher.Folder}: there is no smaller legal shape by default; give sizes, as in: prune: {{ ffn: 8, multiple: 1 }}");
    }

    /// <summary>Whether a shape can be exported so.</summary>
    public static bool IsExported(Checkpoint teacher, DecoderConfig shape, ExportKind kind) => Perhaps.Of(() =>
        ExportStage.Preflight(teacher.Family, shape.Validate("the student"), teacher.RawConfig, [kind], teacher.Folder)) is not null;

    /// <summary>
    /// Legal widths from half of the teacher's up to it: that one, and smaller multiples of what <see cref="PlanWarnings"/> asks for; of
    /// half of that, of 8, or any, where the teacher is too narrow to have a choice among such.
    /// </summary>
    private static IEnumerable<int> Widths(int teacher)
    {
        var step = teacher % PruneTarget.DefaultMultiple == 0 ? PruneTarget.DefaultMultiple
            : s_steps.FirstOrDefault(step => teacher >= FewestMultiples * step, teacher % 8 == 0 ? 8 : 1);
        var (largest, least) = ((teacher - 1) / step * step, teacher - teacher / 2);
        var every = ((largest - least) / step + MostSizes) / MostSizes;
        return [teacher, .. Enumerable.Range(0, MostSizes).Select(i => largest - i * every * step)
            .Where(size => size >= least && size > 0)];
    }

    // Of a mixture of experts their width; their number stays.
    private static Axis UnitsOf(DecoderConfig teacher) => Axis.ExpertFfn.IsIn(teacher) ? Axis.ExpertFfn : Axis.Ffn;

    private static double Badness(DecoderConfig teacher, DecoderConfig shape)
    {
        var kept = (double)shape.NonEmbeddingParameters / teacher.NonEmbeddingParameters;
        var units = UnitsOf(teacher);
        var uneven = Math.Abs((double)shape.HiddenSize / teacher.HiddenSize - (double)units.Of(shape) / units.Of(teacher));
        return Math.Abs(kept - Wanted) + Unevenness * uneven + DepthCost * (teacher.Layers - shape.Layers);
    }
}
