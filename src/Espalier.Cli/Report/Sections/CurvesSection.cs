using Espalier.Cli.Report.Charts;

namespace Espalier.Cli.Report.Sections;

/// <summary>How training went, a chart a stage with all arms in it.</summary>
internal static class CurvesSection
{
    /// <summary>Points of all arms together; what is more is binned.</summary>
    private const int Points = 1600;

    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        var stages = run.Arms.SelectMany(arm => arm.Curves.Keys).Distinct()
            .Select(stage => (Stage: stage, Curves: CurvesOf(run, stage))).Where(entry => entry.Curves.Count > 0).ToArray();
        if (stages.Length == 0)
            return;
        html.Leaf("h2", "Training");
        html.Leaf("p", "How to read it: the faint line is the loss of each step's batch, the bold line its running mean, the circles the loss on held-out text with bars of one standard error, "
            + "the dotted line the learning rate (right-hand axis). A distillation's training loss is its distance from the teacher and no NLL: held-out NLL then has a chart of its own. "
            + "The gradient norm is that before clipping; a gap is a step that was skipped.", ("class", "how"));
        foreach (var (stage, curves) in stages)
            Stage(html, stage, curves);
    }

    /// <summary>An arm's curve; arms that share the stage's folder share the curve.</summary>
    private static List<(string Name, TrainingCurve Curve)> CurvesOf(ReportRun run, string stage) =>
    [
        .. run.Arms.Where(arm => arm.Curves.ContainsKey(stage)).GroupBy(arm => arm.Curves[stage])
            .Where(group => group.Key.Loss.Count + group.Key.HeldOut.Count > 0)
            .Select(group => (run.HasArms ? string.Join(", ", group.Select(arm => arm.Name)) : stage, group.Key)),
    ];

    private static void Stage(HtmlBuilder html, string stage, List<(string Name, TrainingCurve Curve)> curves)
    {
        html.Leaf("h3", $"{stage}: {string.Join("; ", curves.Select(one => $"{(curves.Count > 1 ? one.Name + ", " : "")}{Figures.Exact(one.Curve.Steps)} step{(one.Curve.Steps == 1 ? "" : "s")}"))}");
        var bins = Math.Clamp(Points / (8 * curves.Count), 20, 200);
        var (raw, lines, marks, rates, norms) = (new List<Series>(), new List<Series>(), new List<Series>(), new List<Series>(), new List<Series>());
        for (var i = 0; i < curves.Count; i++)
        {
            var (name, curve) = curves[i];
            var span = curve.Loss.Count / 20;
            raw.Add(new($"{name}, each step", i, SeriesStyle.Faint, Binning.Extremes(curve.Loss, bins)));
            lines.Add(new($"{name}, running mean", i, SeriesStyle.Line, Binning.Sample(Binning.Smooth(curve.Loss, span), 2 * bins)));
            marks.Add(new($"{name}, held out", i, SeriesStyle.Marks, Binning.Sample(curve.HeldOut, bins)));
            rates.Add(new($"{name}, learning rate", i, SeriesStyle.Secondary, Binning.Sample(curve.LearningRate, bins)));
            norms.Add(new(name, i, SeriesStyle.Line, Binning.Extremes(curve.GradientNorm, bins)));
        }
        // Arms mostly share their schedule: one line says so.
        if (rates.All(rate => rate.Points.SequenceEqual(rates[0].Points)))
            rates.RemoveRange(1, rates.Count - 1);
        var apart = AreApart(lines, marks);
        new SvgChart
        {
            Title = $"{stage}: loss by step",
            XLabel = "step",
            YLabel = "training loss, nats a token",
            SecondaryLabel = "learning rate",
            Series = [.. raw, .. rates, .. lines, .. apart ? [] : marks],
        }.Write(html);
        if (curves.Count > 1)
            Legend.Write(html, [.. lines.Select((line, i) => line with { Name = curves[i].Name })]);
        else
            Legend.Write(html, [raw[0] with { Name = "each step" }, lines[0] with { Name = "running mean" }, rates[0] with { Name = "learning rate" }, .. apart ? [] : new[] { marks[0] with { Name = "held out" } }]);
        if (apart)
            new SvgChart { Title = $"{stage}: held-out NLL by step", XLabel = "step", YLabel = "held-out NLL", Height = 200, Series = [.. marks.Select(Joined), .. marks] }.Write(html);
        new SvgChart
        {
            Title = $"{stage}: gradient norm by step",
            XLabel = "step",
            YLabel = "gradient norm",
            Height = 150,
            Series = norms,
            Y = Axis.Over(norms.SelectMany(norm => Binning.Middle([.. norm.Points.Select(point => point.Y)], 0.01)).Append(0), margin: 0.05, about: 3),
        }.Write(html);
    }

    /// <summary>Whether training loss and held-out loss are of such different size that one axis would flatten both.</summary>
    private static bool AreApart(List<Series> losses, List<Series> heldOut)
    {
        static double[] Values(List<Series> of) => [.. of.SelectMany(series => series.Points).Select(point => point.Y).Where(double.IsFinite)];
        var (own, other) = (Values(losses), Values(heldOut));
        return own.Length > 0 && other.Length > 0 && (own.Max() < other.Min() || other.Max() < own.Min());
    }

    private static Series Joined(Series marks) => marks with { Style = SeriesStyle.Line, Opacity = 0.5 };
}
