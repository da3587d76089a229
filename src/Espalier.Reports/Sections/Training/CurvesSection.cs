using Espalier.Reports.Charts;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Training;

/// <summary>How training went: for each stage a chart for each kind of loss, with all arms that have it.</summary>
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
        html.Note(
            "How to read it: the faint line is the loss of each step's batch, the bold line its running mean, marks are the loss on "
                + "held-out text with bars of one standard error, the dotted line the learning rate (right-hand axis). A distillation's "
                + "training loss is its distance from the teacher, not NLL: each kind of loss has its own chart, and so has "
                + "held-out NLL in that case. The gradient norm is before clipping; a gap is a skipped step.");
        foreach (var (stage, curves) in stages)
            Stage(html, stage, curves, run.HasArms);
    }

    /// <summary>An arm's curve; arms that share the stage's folder share the curve.</summary>
    private static List<Drawn> CurvesOf(ReportRun run, string stage) =>
    [
        .. run.Arms.Index().Where(arm => arm.Item.Curves.ContainsKey(stage)).GroupBy(arm => arm.Item.Curves[stage])
            .Where(group => group.Key.Loss.Count + group.Key.HeldOut.Count > 0)
            .Select(group => new Drawn(
                run.HasArms ? string.Join(", ", group.Select(arm => arm.Item.Name)) : stage, group.First().Index, group.Key,
                TrainingLoss.Of(stage, run.Record(Path.GetFileName(Path.GetDirectoryName(group.First().Item.Result.Metrics[stage])!))))),
    ];

    private static void Stage(HtmlBuilder html, string stage, List<Drawn> curves, bool named)
    {
        html.Leaf("h3",
            $"{stage}: {string.Join("; ", curves.Select(one => $"{(curves.Count > 1 ? one.Name + ", " : "")}{Units.Exact(one.Curve.Steps)} step{(one.Curve.Steps == 1 ? "" : "s")}"))}");
        if (curves.Count > Series.Looks)
        {
            html.Leaf("p",
                $"Only the first {Series.Looks} of {curves.Count} are drawn: more could not be "
                    + "distinguished. All are in their stages' metrics.jsonl.", ("class", "quiet"));
            curves = [.. curves.Take(Series.Looks).Select((one, i) => one with { Color = i })];
        }
        var bins = Math.Clamp(Points / (8 * curves.Count), 20, 200);
        var kinds = curves.GroupBy(one => one.Loss).ToArray();
        var apart = kinds.Length > 1 || !kinds[0].Key.IsNll;
        foreach (var kind in kinds)
            Losses(html, kinds.Length > 1 ? $"{stage}, {kind.Key.Name}" : stage, kind.Key, [.. kind], bins, named, withHeldOut: !apart);
        if (apart)
            HeldOut(html, stage, [.. curves.Where(one => one.Curve.HeldOut.Count > 0)], bins, named);
        Norms(html, stage, curves, bins, named);
    }

    private static void Losses(HtmlBuilder html, string stage, TrainingLoss loss, Drawn[] curves, int bins, bool named, bool withHeldOut)
    {
        Series[] raw = [.. curves.Select(one => one.Series("each step", SeriesStyle.Faint, Binning.Extremes(one.Curve.Loss, bins)))];
        Series[] lines = [
            .. curves.Select(one =>
                one.Series("running mean", SeriesStyle.Line,
                    Binning.Sample(Binning.Smooth(one.Curve.Loss, one.Curve.Loss.Count / 20), 2 * bins)))];
        Series[] marks = withHeldOut
            ? [.. curves.Select(one => one.Series("held out", SeriesStyle.Marks, Binning.Sample(one.Curve.HeldOut, bins)))] : [];
        Series[] rates = [
            .. curves.Select(one => one.Series("learning rate", SeriesStyle.Secondary, Binning.Sample(one.Curve.LearningRate, bins)))];
        // Arms mostly share their schedule: one line says so.
        if (rates.All(rate => rate.Points.SequenceEqual(rates[0].Points)))
            rates = [rates[0] with { Name = "learning rate" }];
        new SvgChart
        {
            Title = $"{stage}: loss by step",
            XLabel = "step",
            YLabel = withHeldOut ? loss.Label : $"training {loss.Label}",
            SecondaryLabel = "learning rate",
            Series = [.. raw, .. rates, .. lines, .. marks],
        }.Write(html);
        if (named)
            Legend.Write(html, [.. lines.Select((line, i) => line with { Name = curves[i].Name })]);
        else
            Legend.Write(html,
                [raw[0] with { Name = "each step" }, lines[0] with { Name = "running mean" }, rates[0] with { Name = "learning rate" },
                    .. marks.Select(mark => mark with { Name = "held out" })]);
    }

    private static void HeldOut(HtmlBuilder html, string stage, Drawn[] curves, int bins, bool named)
    {
        if (curves.Length == 0)
            return;
        Series[] marks = [.. curves.Select(one => one.Series("held out", SeriesStyle.Marks, Binning.Sample(one.Curve.HeldOut, bins)))];
        new SvgChart
        {
            Title = $"{stage}: held-out NLL by step",
            XLabel = "step",
            YLabel = "held-out NLL, nats per token",
            Series = [.. marks.Select(mark => mark with { Style = SeriesStyle.Line, Opacity = 0.5 }), .. marks],
        }.Write(html);
        if (named)
            Legend.Write(html, [.. marks.Select((mark, i) => mark with { Name = curves[i].Name })]);
    }

    private static void Norms(HtmlBuilder html, string stage, List<Drawn> curves, int bins, bool named)
    {
        Series[] norms = [
            .. curves.Select(one => one.Series("gradient norm", SeriesStyle.Line, Binning.Extremes(one.Curve.GradientNorm, bins)))];
        if (norms.All(norm => norm.Points.All(point => !double.IsFinite(point.Y))))
            return;
        new SvgChart
        {
            Title = $"{stage}: gradient norm by step",
            XLabel = "step",
            YLabel = "gradient norm",
            Height = 150,
            Series = norms,
            Y = Axis.Over(norms.SelectMany(norm => Binning.Middle([.. norm.Points.Select(point => point.Y)], 0.01)).Append(0), margin: 0.05,
                about: 3),
        }.Write(html);
        if (named)
            Legend.Write(html, [.. norms.Select((norm, i) => norm with { Name = curves[i].Name })]);
    }

    /// <summary>A curve with the name and the number of the first arm that has it, which is its colour in all charts.</summary>
    private sealed record Drawn(string Name, int Color, TrainingCurve Curve, TrainingLoss Loss)
    {
        public Series Series(string what, SeriesStyle style, IReadOnlyList<Point> points) => new($"{Name}, {what}", Color, style, points);
    }
}
