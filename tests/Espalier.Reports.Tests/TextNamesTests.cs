using System.Xml.Linq;
using Espalier.Compression;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Reports.Tests;

/// <summary>Arms that were evaluated on different texts under one name.</summary>
public sealed class TextNamesTests : IDisposable
{
    private readonly SampleRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_student_is_compared_with_its_teacher_on_its_own_text()
    {
        var page = ReportPage.Parse(_run.Report(Arms()));
        var headings = page.Descendants("thead").First().Descendants("th").Select(cell => cell.Value).Where(text => text.Contains('('));
        Assert.Equal(["held-out (on-a)", "held-out (on-b)"], headings);
        var rows = page.Descendants("tbody").First().Elements("tr").ToDictionary(row => Plain(row.Element("th")!),
            row => row.Elements("td").Select(Plain).ToArray());
        Assert.Equal("4.105 ± 0.021", rows["Teacheron-a"][3]);
        Assert.Equal("5.095 ± 0.021", rows["Teacheron-b"][8]);
        Assert.Equal(("3.108 ± 0.021-0.997", "-"), (rows["Studenton-a"][3], rows["Studenton-a"][8].Replace('–', '-')));
        Assert.Equal("5.763 ± 0.021+0.668", rows["Studenton-b"][8]);
        Assert.Contains(page.Descendants("svg"),
            svg => (string?)svg.Attribute("aria-label") == "NLL on held-out (on-b) with 95 % intervals");
        // A shape has nothing to do with texts.
        var shapes = page.Descendants("table").Single(table => table.Descendants("th").Any(cell => cell.Value == "Vocabulary"));
        Assert.Equal(["", "Teacher", "Student (on-a)", "Student (on-b)"], shapes.Descendants("thead").Descendants("th").Select(Plain));
    }

    [Fact]
    public void Students_of_different_teachers_are_compared_each_with_its_own()
    {
        var other = _run.Arm("other");
        other = other with
        {
            Rows = [.. other.Rows.Select(row => row.Model != "teacher" ? row : row with
            {
                Path = row.Path + "-2",
                Parameters = 2 * row.Parameters,
                Evaluations = [.. row.Evaluations.Select(evaluation => evaluation with { Nll = 3 })],
            })],
        };
        var rows = ReportPage.Parse(_run.Report(_run.Arm("one"), other)).Descendants("tbody").First().Elements("tr")
            .ToDictionary(row => Plain(row.Element("th")!), row => row.Elements("td").Select(Plain).ToArray());
        Assert.Equal(("3.39M45.4 %", "3.108 ± 0.021-0.997"), (rows["Studentone"][0], rows["Studentone"][3]));
        Assert.Equal(("3.39M22.7 %", "3.108 ± 0.021+0.108"), (rows["Studentother"][0], rows["Studentother"][3]));
    }

    [Fact]
    public void Texts_that_no_record_tells_apart_keep_their_name()
    {
        CompressResult[] arms = [_run.Arm("one"), _run.Arm("two")];
        Assert.Same(arms, Runs.TextNames.Apart(arms));
    }

    private static string Plain(XElement cell) => cell.Value.Replace("\n", "", StringComparison.Ordinal).Trim();

    /// <summary>Two arms whose held-out texts differ, as their evaluations' records say, and a second text that they share.</summary>
    private CompressResult[] Arms()
    {
        using var context = RunContext.Open(_run.Path, "recipe", 1, NullProgress.Instance, default);
        return [With("on-a", 0, 0), With("on-b", 0.99, 2.655)];

        CompressResult With(string name, double teacher, double student)
        {
            var arm = _run.Arm(name);
            return arm with
            {
                Rows = [.. arm.Rows.Select(row => row with
                {
                    Stage = Stage(name, row.Model),
                    Evaluations = [.. row.Evaluations.Select(evaluation => evaluation.Set != "held-out" ? evaluation
                        : evaluation with { Nll = evaluation.Nll + (row.Model == "student" ? student : teacher) })],
                })],
            };
        }

        string Stage(string name, string model)
        {
            context.RunStage("evaluate", new() { ["sequence"] = 64 }, new Dictionary<string, string>
            {
                ["text-held-out"] = ContentHash.OfText(name),
                ["text-teacher-domain"] = ContentHash.OfText("both"),
                ["model"] = ContentHash.OfText(model),
            }, (_, _) => new() { ["of"] = name + model });
            return Path.GetFileName(Directory.GetDirectories(Path.Combine(_run.Path, "stages"), "evaluate-*")
                .Single(folder => StageRecord.Read(folder)?.Result["of"]?.ToString() == name + model));
        }
    }
}
