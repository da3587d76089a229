using Espalier.Compression;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Reports.Tests;

public sealed class SamplesSectionTests : IDisposable
{
    private const string Hostile = "</span><script>alert(1)</script> & \u0001\n  two";
    private readonly SampleRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void What_the_models_write_stands_side_by_side_below_its_beginning()
    {
        using (var context = RunContext.Open(_run.Path, "recipe", 1, NullProgress.Instance, default))
        {
            foreach (var (model, written) in new[] { ("teacher", "by the teacher"), ("student", Hostile) })
                Sample(context, model, written);
        }
        var stages = Directory.GetDirectories(Path.Combine(_run.Path, "stages"), "samples-*")
            .ToDictionary(folder => (string)StageRecord.Read(folder)!.Result["model"]!, Path.GetFileName);
        var arm = _run.Arm("arm");
        var page =
            ReportPage.Parse(
                _run.Report(arm with { Rows = [.. arm.Rows.Select(row => row with { Samples = stages.GetValueOrDefault(row.Model) })] }));
        Assert.Equal("Once upon", page.Descendants("blockquote").Single().Value);
        var items = page.Descendants("ul").Single(list => (string?)list.Attribute("class") == "samples").Elements("li")
            .Select(item => (item.Element("b")!.Value, item.Element("span")!.Value));
        Assert.Equal([("The text itself", " a time …"), ("Teacher", "by the teacher"), ("Student", Hostile.Replace('\u0001', '\ufffd'))],
            items);
    }

    [Theory]
    [InlineData("A document begins here and goes on", "A document begins here and")]
    [InlineData("# A.Name\n\n## A.Name.Of(int)\n\nOpens a door to all who come", "Opens a door to all")]
    [InlineData("The first line\nand the second", "The first line")]
    [InlineData("it's <b> on", "it's <b> on a")]
    public void What_to_try_the_student_with_is_the_beginning_of_a_held_out_document(string document, string prompt)
    {
        using (var context = RunContext.Open(_run.Path, "recipe", 1, NullProgress.Instance, default))
            Sample(context, "student", "on", document);
        var stage = Path.GetFileName(Directory.GetDirectories(Path.Combine(_run.Path, "stages"), "samples-*").Single());
        var arm = _run.Arm("arm");
        arm = arm with
        {
            Student = Path.Combine(_run.Path, "moved"),
            Rows = [.. arm.Rows.Select(row => row with { Samples = row.Model == "student" ? stage : null })],
        };
        Assert.Contains($"--prompt '{prompt.Replace("'", "'\\''", StringComparison.Ordinal)}' --max-tokens 60",
            string.Concat(ReportPage.Parse(_run.Report(arm)).Descendants("pre").Select(pre => pre.Value)), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_samples_there_is_no_such_section() =>
        Assert.DoesNotContain("Samples", ReportPage.Parse(_run.Report(_run.Arm("arm"))).Descendants("h2").Select(heading => heading.Value));

    [Fact]
    public void A_speed_that_was_measured_once_stands_nowhere_in_the_report()
    {
        var arm = _run.Arm("arm");
        arm = arm with { Rows = [.. arm.Rows.Select(row => row with { Speed = new(777, 777, 777, 1, 96) })] };
        Assert.DoesNotContain("777", _run.Report(arm), StringComparison.Ordinal);
    }

    private static void Sample(RunContext context, string model, string written, string prompt = "Once upon") =>
        context.RunStage("samples", new() { ["of"] = model }, new Dictionary<string, string>(), (_, _) => new()
        {
            ["model"] = model,
            ["set"] = "held-out",
            ["samples"] = new JsonArray(new JsonObject
            {
                ["prompt"] = prompt,
                ["original"] = " a time",
                ["written"] = written,
                ["original_is_cut"] = true,
                ["written_is_cut"] = false,
            }),
        });
}
