using Espalier.Compression.Evaluation;
using Espalier.Pipeline.Cards;
using Espalier.Pipeline.Runs.Results;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Facts;

/// <summary>What came out, in a sentence and a table.</summary>
internal static class SummarySection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        if (run.Unfinished is { } unfinished)
            html.Leaf("p",
                $"{(run.HasArms ? unfinished.Name : "The run")} is not finished: it is running, was "
                    + "interrupted or failed. These are the results so far.", ("class", "lead"));
        html.Leaf("p", Sentence(run), ("class", "lead"));
        if (run.Problems.Count > 0)
            using (html.Open("ul", ("class", "problems")))
                foreach (var problem in run.Problems)
                    html.Leaf("li", $"Left out of this report: {problem}");
        if (run.Models.Count == 0)
            return;
        html.Note(
            "How to read it: NLL is the mean negative log-likelihood of the next token in nats, ± one standard "
                + "error; lower is better. Perplexity is e to that power. The small figures compare with the "
                + "teacher. Tokens per second are for greedy generation of one sequence on this machine"
            + (run.Models.Select(model => model.Row.Speed).FirstOrDefault(speed => speed?.HasSpread == true) is { } measured
                ? $", {measured.Tokens} tokens after a prompt of one: the median of "
                    + $"{measured.Measurements} measurements, below it the slowest and the fastest." : ".")
            + (run.Models.Any(model => model.Row.Model == "corrected teacher")
                ? " The corrected teacher is the teacher after further training on this run's text; the student is made from it." : ""));
        Table(run).Write(html);
    }

    private static string Sentence(ReportRun run)
    {
        var (teacher, student) = run.Arms.Count == 0 ? (null, null)
            : (run.ModelOf(run.Arms[0], "teacher"), run.ModelOf(run.Arms[0], "student"));
        if (teacher is null || student is null)
            return "This run has not yet produced a student and a teacher to compare.";
        var text = (run.HasArms ? $"The student of {run.Arms[0].Name}" : "The student")
            + $" has {Units.Count(student.Row.Parameters)} parameters, {Figures.Share(student.Row.Parameters, teacher.Row.Parameters)} of "
            + $"the teacher's {Units.Count(teacher.Row.Parameters)}";
        if (student.Row.Evaluations is [var own, ..] && Of(teacher, own.Set) is { } its)
        {
            text += $"; its loss on {own.Set} is {Figures.LossWithError(own.Nll, own.NllStandardError)} nats per token, the teacher's "
                + $"{Figures.LossWithError(its.Nll, its.NllStandardError)}";
            if (run.ModelOf(run.Arms[0], "corrected teacher") is { } corrected && Of(corrected, own.Set) is { } better)
                text += $" ({Figures.Loss(better.Nll)} after correction)";
        }
        if (student.Row.Speed is { HasSpread: true } speed && teacher.Row.Speed is { HasSpread: true, Median: > 0 } before
            && before.Tokens == speed.Tokens)
            text += IsSteady(run) ? Generates(speed, before)
                : "; the generation speeds say nothing, because models of the same size differ: other programs kept the machine busy "
                    + "(espalier bench measures two models in turn)";
        return text + ".";
    }

    /// <summary>A ratio is shown only where the measurements do not overlap: on a busy machine it would be noise.</summary>
    private static string Generates(GenerationSpeed student, GenerationSpeed teacher) =>
        student.Lowest <= teacher.Highest && teacher.Lowest <= student.Highest
            ? "; no difference in generation speed could be measured (student "
                + $"{Range(student)}, teacher {Range(teacher)} tokens per second)"
            : $"; it generates {Figures.Short(student.Median)} tokens per second, {Figures.Short(student.Median / teacher.Median)} times "
                + $"the teacher's {Figures.Short(teacher.Median)} (medians of {student.Measurements} times {student.Tokens} tokens)";

    /// <summary>
    /// Whether models of one size were measured alike: each is measured at a time of its own, and what else the machine did may have
    /// changed in between.
    /// </summary>
    private static bool IsSteady(ReportRun run) => run.Models.Select(model => model.Row)
        .Where(static row => row.Speed?.HasSpread == true).GroupBy(static row => (row.Parameters, row.Speed!.Tokens))
        .All(static alike => alike.Max(static row => row.Speed!.Lowest) <= 1.5 * alike.Min(static row => row.Speed!.Highest));

    private static string Range(GenerationSpeed speed) => $"{Figures.Short(speed.Lowest)} to {Figures.Short(speed.Highest)}";

    private static HtmlTable Table(ReportRun run)
    {
        var bits = run.Texts.ToDictionary(text => text, text => run.Models.Any(model => Of(model, text)?.BitsPerByte is not null));
        var columns = new List<Column> { "Model", ">Parameters", ">Non-embedding", ">On disk" };
        var groups = new List<(string, int)> { ("", columns.Count) };
        foreach (var text in run.Texts)
        {
            columns.AddRange([">NLL ± SE", ">Perplexity"]);
            if (bits[text])
                columns.Add(">Bits/byte");
            groups.Add((text, bits[text] ? 3 : 2));
        }
        columns.Add(">Tokens/s");
        groups.Add(("", 1));

        var table = new HtmlTable(columns) { Groups = groups };
        foreach (var model in run.Models)
            table.Add(model.Row.Model == "student" ? "student" : null,
                [.. Cells(run, model, run.TeacherOf(model) is { } teacher && teacher != model ? teacher : null, bits)]);
        return table;
    }

    private static IEnumerable<Cell> Cells(ReportRun run, ReportModel model, ReportModel? teacher, Dictionary<string, bool> bits)
    {
        var row = model.Row;
        yield return new(model.Title, run.HasArms ? model.Arms.Count == run.Arms.Count ? "all arms" : string.Join(", ", model.Arms) : null);
        yield return new(Units.Count(row.Parameters), teacher is null ? null : Figures.Share(row.Parameters, teacher.Row.Parameters));
        yield return new(Units.Count(row.NonEmbeddingParameters), teacher is null ? null
            : Figures.Share(row.NonEmbeddingParameters, teacher.Row.NonEmbeddingParameters));
        yield return new(Units.Bytes(row.Bytes), teacher is null ? null : Figures.Share(row.Bytes, teacher.Row.Bytes));
        foreach (var text in run.Texts)
        {
            var own = Of(model, text);
            var its = teacher is null ? null : Of(teacher, text);
            yield return own is null ? new(Figures.None)
                : new(Figures.LossWithError(own.Nll, own.NllStandardError), its is null ? null : Figures.Signed(own.Nll - its.Nll));
            yield return new(own is null ? Figures.None : Figures.Short(own.Perplexity));
            if (bits[text])
                yield return new(own?.BitsPerByte is { } value ? Figures.Loss(value) : Figures.None);
        }
        // One measurement alone says little on a machine that may have been busy.
        yield return row.Speed is { HasSpread: true } speed
            ? new(Figures.Short(speed.Median), $"{Figures.Short(speed.Lowest)} to {Figures.Short(speed.Highest)}")
            : new(Figures.None);
    }

    private static EvaluationRow? Of(ReportModel model, string text) =>
        model.Row.Evaluations.FirstOrDefault(evaluation => evaluation.Set == text);
}
