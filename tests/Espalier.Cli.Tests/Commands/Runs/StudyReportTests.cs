using System.Xml.Linq;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Running;
using Espalier.Reports;
using Espalier.Reports.Runs;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Runs;

/// <summary>What a run of several recipes and seeds leaves after, and what its report makes of it.</summary>
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
    public void What_the_command_line_put_in_place_of_the_recipes_stands_above_them()
    {
        _ = run.Printed;
        const string Above = "# Run with --seeds 1,2, in place of what stands below\nteacher:";
        Assert.StartsWith(Above, File.ReadAllText(Path.Combine(run.Folder, "recipe.yaml")), StringComparison.Ordinal);
        Assert.Contains(Page().Descendants("pre"), text => text.Value.StartsWith(Above, StringComparison.Ordinal));
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
        manifest = manifest
            with
        {
            Stages = [.. manifest.Stages.TakeWhile(stage => stage.Name != "distill"),
                new("distill", "distill-000000000000", new('0', 64), StageStatus.Started, 1, null)]
        };
        var done = first.Stages.Where(row => row.Stage != "distill" && manifest.Stages.Any(stage => stage.Folder == row.Folder));
        var stage = Directory.CreateDirectory(Path.Combine(folder.Path, "stages", "distill-000000000000")).FullName;
        File.WriteAllText(Path.Combine(stage, "metrics.jsonl"),
            "{\"step\":1,\"loss\":2.5,\"gradient_norm\":1,\"learning_rate\":0.001,\"tokens\":64}\n{\"step\":2,\"los");
        var results = ReportFolder.WithBegun(
            first with
            {
                Output = folder.Path,
                IsFinished = false,
                Rows = [.. first.Rows.Take(2)],
                Metrics = new Dictionary<string, string>(),
                Stages = [.. done]
            }, manifest);
        using var text = new StringWriter();
        ReportWriter.Write(text, [results], manifest, "");
        var page = ReportPage.Parse(text.ToString());
        Assert.Contains("is not finished", page.Descendants("p").First().Value, StringComparison.Ordinal);
        Assert.Contains("distill: 1 step", page.Descendants("h3").Select(heading => heading.Value));
        Assert.DoesNotContain("Using the result", page.Descendants("h2").Select(heading => heading.Value));
    }

    [Fact]
    public void Losses_of_different_kinds_never_share_a_chart()
    {
        var labels = Page().Descendants("svg").Select(svg => (string?)svg.Attribute("aria-label"))
            .Where(label => label?.StartsWith("distill", StringComparison.Ordinal) == true);
        string[] expected = ["distill, forward-kl: loss by step", "distill, cross-entropy: loss by step", "distill: held-out NLL by step",
            "distill: gradient norm by step"];
        Assert.Equal(expected, labels);
        IEnumerable<string> Named(string label) => Page().Descendants("svg").Single(svg => (string?)svg.Attribute("aria-label") == label)
            .Descendants("title").Select(title => title.Value)
            .Where(name => name != "learning rate");
        Assert.All(Named("distill, forward-kl: loss by step"), name => Assert.StartsWith("kl-seed-", name, StringComparison.Ordinal));
        Assert.All(Named("distill, cross-entropy: loss by step"), name => Assert.StartsWith("ce-seed-", name, StringComparison.Ordinal));
    }

    [Fact]
    public void What_no_seed_touches_and_what_recipes_share_stands_once()
    {
        var seeds = run.Printed.GetProperty("seeds").EnumerateArray().ToArray();
        Assert.Equal(
            ["all teacher 1", "all pruned 1", "kl student 2", "ce student 2"],
            seeds.Select(row =>
                $"{row.GetProperty("arm").GetString()} {row.GetProperty("model").GetString()} {row.GetProperty("seeds").GetInt32()}"));
        Assert.False(seeds[0].TryGetProperty("nll_sd", out _));
        var losses = run.Results.Take(2).Select(arm => arm.Rows[^1].Evaluations[0].Nll).ToArray();
        Assert.Equal(Math.Abs(losses[0] - losses[1]) / Math.Sqrt(2), seeds[2].GetProperty("nll_sd").GetDouble(), 12);
    }

    [Fact]
    public void Recipes_are_compared_seed_by_seed_with_an_interval()
    {
        var row = Assert.Single(run.Printed.GetProperty("differences").EnumerateArray());
        Assert.Equal(("ce", "kl", "seeds", 2),
            (row.GetProperty("arm").GetString(), row.GetProperty("against").GetString(), row.GetProperty("over").GetString(),
                row.GetProperty("pairs").GetInt32()));
        double Nll(string arm) => run.Results.Single(result => result.Arm == arm).Rows[^1].Evaluations[0].Nll;
        double[] differences = [Nll("ce-seed-1") - Nll("kl-seed-1"), Nll("ce-seed-2") - Nll("kl-seed-2")];
        Assert.Equal(differences.Average(), row.GetProperty("nll").GetDouble(), 12);
        // Of two values the standard error is half their distance; Student's t of one degree of freedom is 12.706 at 95 %.
        Assert.Equal(12.7062 * Math.Abs(differences[0] - differences[1]) / 2,
            (row.GetProperty("upper").GetDouble() - row.GetProperty("lower").GetDouble()) / 2, 5);
        Assert.Contains(Page().Descendants("svg"),
            svg => (string?)svg.Attribute("aria-label") == "Difference of NLL on held-out with 95 % intervals");
    }

    [Fact]
    public void With_one_seed_they_are_compared_window_by_window()
    {
        var row = Assert.Single(ArmDifference.Of([run.Results[0], run.Results[2]]));
        var windows = Windows(run.Results[0]).Zip(Windows(run.Results[2]), (kl, ce) => ce - kl).ToArray();
        Assert.Equal(("windows", windows.Length), (row.Over, row.Pairs));
        Assert.Equal(windows.Average(), row.Nll, 12);
        Assert.True(row.Lower < row.Nll && row.Nll < row.Upper);
        // Other windows are other questions.
        Assert.Empty(ArmDifference.Of([run.Results[0], run.Results[2] with { Rows = [.. run.Results[2].Rows.Select(Shorter)] }]));

        double[] Windows(CompressResult result) =>
            EvaluateStage.LossesOf(Path.Combine(run.Folder, "stages", result.Rows[^1].Stage!))!["held-out"];
        static ModelRow Shorter(ModelRow row) =>
            row with { Evaluations = [.. row.Evaluations.Select(evaluation => evaluation with { Tokens = evaluation.Tokens - 32 })] };
    }

    [Fact]
    public void Hashes_of_outputs_are_those_of_what_lies_there()
    {
        var rows = Page().Descendants("table").Last().Descendants("tr").Skip(1)
            .ToDictionary(row => row.Element("th")!.Value, row => row.Element("td")!.Value.Trim());
        foreach (var arm in run.Results)
            Assert.Equal(ContentHash.OfFolderExcept(arm.Student, "README.md"), rows[$"{arm.Arm}/student/"]);
        var weights = run.Results[0].Stages.Single(stage => stage.Stage == "score").Folder;
        Assert.Equal(ContentHash.OfFile(Path.Combine(run.Folder, "stages", weights, "scores.json")), rows[$"{weights}/scores.json"]);
        // No stage's key, and no hash of nothing that all stages without files would share.
        var keys = RunManifest.Load(run.Folder)!.Stages.Select(stage => stage.Key).ToHashSet();
        Assert.All(rows.Values, hash => Assert.DoesNotContain(hash, keys));
        var evaluations = rows.Where(row => row.Key.StartsWith("evaluate-", StringComparison.Ordinal)).Select(row => row.Value).ToArray();
        Assert.Equal(evaluations.Length, evaluations.Distinct().Count());
    }

    [Fact]
    public void Csv_has_a_row_a_model_and_text_with_all_digits()
    {
        _ = run.Printed;
        var (code, output, error) = TestCommand.Launch($"{run.Line} --format csv");
        Assert.True(code == 0, error);
        var lines = output.TrimEnd('\n').Split('\n').Select(line => line.Split(',')).ToArray();
        Assert.Equal(["arm", "recipe", "seed", "model", "path"], lines[0].Take(5));
        Assert.All(lines, cells => Assert.Equal(lines[0].Length, cells.Length));
        Assert.Equal(run.Results.SelectMany(arm => arm.Rows).Count(), lines.Length - 1);
        Assert.Equal(["kl-seed-1", "kl", "1", "teacher"], lines[1].Take(4));
        Assert.Equal(run.Results[0].Rows[0].Evaluations[0].Nll,
            double.Parse(lines[1][Array.IndexOf(lines[0], "nll")], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Markdown_has_the_tables_that_people_see()
    {
        _ = run.Printed;
        var (code, output, error) = TestCommand.Launch($"{run.Line} --format markdown");
        Assert.True(code == 0, error);
        Assert.Contains("\n| recipe | model | parameters |", output, StringComparison.Ordinal);
        Assert.Contains("\n| ce | kl | held-out |", output, StringComparison.Ordinal);
        Assert.Contains("--json and --format csv", Verb.Refused($"{run.Line} --json --format csv"), StringComparison.Ordinal);
    }

    private XDocument Page() => ReportPage.Parse(File.ReadAllText(run.Printed.GetProperty("report").GetString()!));
}
