using Espalier.Pipeline.Cards;
using Espalier.Reports.Charts;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Evaluation;

/// <summary>Losses with their uncertainty.</summary>
internal static class EvaluationSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        if (run.Texts.Count == 0)
            return;
        html.Leaf("h2", "Evaluation");
        html.Note(
            "How to read it: the text is cut into windows that do not overlap; every token is predicted from the earlier ones in its "
                + "window. NLL is the mean over all tokens; its standard error is the sample standard deviation of the windows' means "
                + "divided by the square root of their number (a dash where there was one window). Bars and intervals are 95 % "
                + "by Student's t over the windows. All models see the same windows, so a difference between two of them is surer than "
                + "their intervals suggest; those of student and teacher stand below.");
        foreach (var text in run.Texts)
            Text(html, run, text);
        if (TeacherDifference.Of([.. run.Arms.Select(arm => arm.Result)]) is { Count: > 0 } differences)
            Differences(html, differences);
    }

    private static void Differences(HtmlBuilder html, IReadOnlyList<TeacherDifference> differences)
    {
        html.Leaf("h3", "Student against teacher");
        html.Note(
            "How to read it: the student's NLL minus the teacher's, in nats per token; below 0 the student is better. The mean and its 95 % "
                + "interval by Student's t are over the windows that both saw, in pairs, so what is hard for both cancels out.");
        var arms = differences.Select(row => row.Arm).Distinct().Count() > 1;
        var table = new HtmlTable(arms ? "Student of" : "Model", "Against", "Text", ">Difference of NLL", ">95 % interval", ">Windows");
        foreach (var row in differences)
            table.Add(null, arms ? row.Arm : row.Model, row.Against, row.Set, Figures.Signed(row.Nll),
                $"{Figures.Signed(row.Lower)} to {Figures.Signed(row.Upper)}", Units.Exact(row.Windows));
        table.Write(html);
    }

    private static void Text(HtmlBuilder html, ReportRun run, string text)
    {
        html.Leaf("h3", text);
        var rows =
            run.Models.SelectMany(model => model.Row.Evaluations.Where(evaluation => evaluation.Set == text).Take(1)
                .Select(evaluation => (Name: run.TitleOf(model), Of: evaluation))).ToArray();
        new IntervalChart($"NLL on {text} with 95 % intervals", "nats per token",
            [.. rows.Select(row => new Interval(row.Name, row.Of.Nll, row.Of.HalfWidth))]).Write(html);
        var table = new HtmlTable("Model", ">Tokens predicted", ">Windows", ">NLL", ">SE", ">95 % interval", ">Perplexity",
            ">95 % interval");
        foreach (var (name, of) in rows)
        {
            var half = of.HalfWidth;
            var (low, high) = (of.Nll - half, of.Nll + half);
            table.Add(null, new Cell(name), new Cell(Units.Exact(of.Tokens)),
                new Cell(of.Windows is { } windows ? Units.Exact(windows) : Figures.None), new Cell(Figures.Loss(of.Nll)),
                new Cell(Figures.LossError(of.NllStandardError)),
                new Cell(low < high ? $"{Figures.Loss(low)} to {Figures.Loss(high)}" : Figures.None),
                new Cell(Figures.Short(of.Perplexity)),
                new Cell(low < high ? $"{Figures.Short(Math.Exp(low))} to {Figures.Short(Math.Exp(high))}" : Figures.None));
        }
        table.Write(html);
    }
}
