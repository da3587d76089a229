using System.Xml.Linq;
using Espalier.Cli.Report;
using Espalier.Compression.Recipes;
using Espalier.Compression.Runs;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Report;

/// <summary>What a run of several recipes and seeds leaves behind, and what its report makes of it.</summary>
public sealed class StudyReportTests(StudyRun run) : TorchTest, IClassFixture<StudyRun>
{
    [Fact]
    public void Each_arm_has_its_own_stages_and_those_that_it_shares()
    {
        var arms = run.Results.ToDictionary(arm => arm.Arm, arm => arm.Stages);
        Assert.Equal(["kl-seed-1", "kl-seed-2", "ce-seed-1", "ce-seed-2"], arms.Keys);
        Assert.All(arms.Values, stages => Assert.Equal(
            ["evaluate", "score", "prune", "evaluate", "distill", "export", "evaluate"], stages.Select(stage => stage.Stage)));
        string Folder(string arm, string stage) => arms[arm].Single(row => row.Stage == stage).Folder;
        Assert.Equal(4, arms.Keys.Select(arm => Folder(arm, "distill")).Distinct().Count());
        // The teacher is the same for all, whatever the seed and the recipe.
        Assert.Single(arms.Values.Select(stages => stages[0].Folder).Distinct());
    }

    [Fact]
    public void The_lineage_of_an_arm_ends_in_its_own_student()
    {
        var page = Page();
        var lineages = page.Descendants("ol").Where(list => (string?)list.Attribute("class") == "lineage").ToArray();
        Assert.Equal(4, lineages.Length);
        foreach (var (list, arm) in lineages.Zip(run.Results))
        {
            var boxes = list.Elements("li").Select(box => box.Element("b")!.Value).ToArray();
            Assert.Equal(["Teacher", "Importance scores", "Pruned model", "Distilled student", "Export", "Student"], boxes);
            Assert.Contains($"{arm.Arm}/student", list.Elements("li").Last().Value, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_folder_alone_gives_the_report_that_the_run_wrote()
    {
        var written = File.ReadAllText(run.Printed.GetProperty("report").GetString()!);
        using var again = new StringWriter();
        ReportFolder.Write(again, run.Folder);
        Assert.Equal(written, again.ToString());
    }

    [Fact]
    public void A_run_that_was_stopped_on_its_way_has_a_report_of_what_there_is()
    {
        using var folder = new TemporaryFolder();
        var first = run.Results[0];
        var manifest = RunManifest.Load(run.Folder)!;
        // As it stands while the first student is trained.
        manifest = manifest with { Stages = [.. manifest.Stages.TakeWhile(stage => stage.Name != "distill"), new("distill", "distill-000000000000", new('0', 64), StageStatus.Started, 1, null)] };
        var done = first.Stages.Where(row => row.Stage != "distill" && manifest.Stages.Any(stage => stage.Folder == row.Folder));
        var stage = Directory.CreateDirectory(Path.Combine(folder.Path, "stages", "distill-000000000000")).FullName;
        File.WriteAllText(Path.Combine(stage, "metrics.jsonl"), "{\"step\":1,\"loss\":2.5,\"gradient_norm\":1,\"learning_rate\":0.001,\"tokens\":64}\n{\"step\":2,\"los");
        var results = ReportFolder.WithBegun(
            first with { Output = folder.Path, IsFinished = false, Rows = [.. first.Rows.Take(2)], Metrics = new Dictionary<string, string>(), Stages = [.. done] }, manifest);
        using var text = new StringWriter();
        ReportWriter.Write(text, [results], manifest, "");
        var page = ReportTests.Parse(text.ToString());
        Assert.Contains("is not finished", page.Descendants("p").First().Value, StringComparison.Ordinal);
        Assert.Contains("distill: 1 step", page.Descendants("h3").Select(heading => heading.Value));
        Assert.DoesNotContain("Using the result", page.Descendants("h2").Select(heading => heading.Value));
    }

    private XDocument Page() => ReportTests.Parse(File.ReadAllText(run.Printed.GetProperty("report").GetString()!));
}
