using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Importance.Values;
using Espalier.Reports.Charts;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;
using SizeAxis = Espalier.Models.Axis;

namespace Espalier.Reports.Sections.Pruning;

/// <summary>What the scores say about the teacher's units, and where the cut went.</summary>
internal static class ImportanceSection
{
    /// <summary>Arms that were scored differently, at most; the pictures are large.</summary>
    private const int MostPictures = 3;

    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        var groups = run.Arms.Where(arm => arm.Scores is not null).GroupBy(arm => arm.Scores!).ToArray();
        if (groups.Length == 0)
            return;
        html.Leaf("h2", "Importance");
        html.Note(
            "How to read it: a curve that falls steeply before the cut (dashed) means that the removed units mattered "
                + "little; a flat one, that the cut removed units as good as those that were kept. In the heat maps "
                + "each row is relative to its own largest value, and shade is proportional to the square root.");
        foreach (var group in groups.Take(MostPictures))
            Pictures(html, run, group.Key, [.. group]);
        if (groups.Length > MostPictures)
            html.Leaf("p", $"{groups.Length - MostPictures} more sets of scores are in the arms' folders but not drawn here.",
                ("class", "quiet"));
    }

    private static void Pictures(HtmlBuilder html, ReportRun run, ImportanceScores scores, ReportArm[] arms)
    {
        if (run.HasArms)
            html.Leaf("h3", $"Scores of {string.Join(", ", arms.Select(arm => arm.Name))}");
        html.Leaf("p", Source(scores));
        foreach (var axis in SizeAxis.Asked.Where(axis => axis is { IsPerLayer: true, IsPerExpert: false }))
            OfAxis(html, axis, scores.Units[axis], arms);
        Channels(html, scores, Cuts(arms, SizeAxis.Hidden));
        Map(html, "channels by norm", "channel, in the model's order", "norm", scores.ChannelsPerNorm, null);
        BlockInfluence.Write(html, scores, arms[0]);
    }

    private static void OfAxis(HtmlBuilder html, SizeAxis axis, double[][]? layers, ReportArm[] arms)
    {
        PerLayer(html, axis.Units, axis.Unit, layers, Cuts(arms, axis));
        if (axis.IsWidth)
            Map(html, axis.Units, $"{axis.Units}, the layer's most important first", "layer", Sorted(layers), null);
        else
            Map(html, axis.Units, $"{axis.Unit}, in the model's order (✕: cut)", "layer", layers, CutUnits(arms[0], axis));
    }

    private static string Source(ImportanceScores scores)
    {
        var samples = $"{Units.Exact(scores.Samples)} samples of {Units.Exact(scores.SampleLength)} tokens";
        var neuron = scores.NeuronValues == NeuronValues.Intermediate ? "the input of the down projection" : "the input of the activation";
        return scores.Method switch
        {
            ScoreMethod.Random => $"A control: chance, seed {scores.Seed}.",
            ScoreMethod.Redundancy =>
                "A control: neurons and heads by how little they duplicate another one of their "
                    + $"layer or group (channels and layers by activations); {samples}.",
            ScoreMethod.Magnitude => "A control: the root of the sum of the squares of a unit's weights. No text was read.",
            ScoreMethod.Taylor => $"A control, first-order Taylor: the sum of |weight × gradient| over a unit's weights; {samples}.",
            _ => $"Aggregated over samples by {scores.Batch} and over positions by "
                + $"{scores.Sequence}; a neuron's value is {neuron}; {samples}.",
        };
    }

    /// <summary>A line where each of the arms cut, if it did.</summary>
    private static Cut[] Cuts(ReportArm[] arms, SizeAxis axis) =>
        [.. arms.Select(arm => arm.Plan?.Kept[axis]?.FirstOrDefault()?.Length).OfType<int>().Distinct().Order()
            .Select(count => new Cut(count + 0.5, $"kept {Units.Exact(count)}"))];

    private static void PerLayer(HtmlBuilder html, string units, string unit, double[][]? layers, Cut[] cuts)
    {
        if (layers is null || ImportanceCurves.PerLayer(layers) is not { Count: > 0 } series)
            return;
        html.Leaf("h3", $"{char.ToUpperInvariant(units[0])}{units[1..]} of each layer, the most important first");
        html.Note("One line per layer, relative to the layer's largest; the colours run from the first layer to the last.");
        new SvgChart
        {
            Title = $"Importance of {units}, sorted, by layer",
            XLabel = $"{unit}, by rank",
            YLabel = "importance, relative to the largest",
            Y = Axis.Between(0, 1.03),
            Cuts = cuts,
            Series = series,
        }.Write(html);
        Legend.Write(html, ImportanceCurves.Legend(series));
    }

    private static void Channels(HtmlBuilder html, ImportanceScores scores, Cut[] cuts)
    {
        if (scores.Units[SizeAxis.Hidden] is not [{ Length: > 0 } channels])
            return;
        html.Leaf("h3", "Channels of the residual stream, the most important first");
        html.Note(scores.Method.ReadsActivations()
            ? "One ranking for the whole network: the sum over all norms."
            : "One ranking for the whole network: all weights that touch the channel.");
        new SvgChart
        {
            Title = "Importance of channels, sorted",
            XLabel = "channel, by rank",
            YLabel = "importance score",
            Cuts = cuts,
            Y = Axis.Over(channels.Append(0), margin: 0.03),
            Series = [ImportanceCurves.Whole(channels)],
        }.Write(html);
    }

    private static void Map(HtmlBuilder html, string units, string xLabel, string yLabel, IReadOnlyList<double[]>? rows,
        Func<int, int, bool>? crossed)
    {
        if (rows is { Count: > 0 } && rows.All(row => row.Length > 0))
            new HeatMap { Title = $"Heat map of {units}", XLabel = xLabel, YLabel = yLabel, Rows = rows, Crossed = crossed }.Write(html);
    }

    private static double[][]? Sorted(double[][]? rows) => rows?.Select(row => row.OrderDescending().ToArray()).ToArray();

    private static Func<int, int, bool>? CutUnits(ReportArm arm, SizeAxis axis)
    {
        if (arm.Plan is not { Layers: { } layers } plan || plan.Kept[axis] is not { } heads || layers.Length != heads.Length)
            return null;
        var kept = layers.Zip(heads).ToDictionary(pair => pair.First, pair => pair.Second.ToHashSet());
        return (layer, head) => !kept.TryGetValue(layer, out var stays) || !stays.Contains(head);
    }
}
