using System.Text.RegularExpressions;
using Espalier.Cli.Tests.Survival;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Runs;

/// <summary><c>runs</c>, <c>status</c> and <c>report</c>, and what a run leaves in its folder for them.</summary>
public sealed partial class RunFolderCommandTests : TorchTest
{
    private readonly SmallRun _run = new();

    public override void Dispose()
    {
        _run.Dispose();
        base.Dispose();
    }

    [Fact]
    public void A_finished_run_has_counted_its_stages_and_is_shown_as_done()
    {
        var folder = _run.At("runs", "small");
        var (code, _, error) = TestCommand.Launch($"compress {_run.Recipe} --output {folder} --threads 1");
        Assert.True(code == 0, error);
        var stages = StageLine().Matches(error)
            .Select(line => (At: Number(line, "at"), Of: Number(line, "of"), Name: line.Groups["name"].Value)).ToArray();
        Assert.Equal(["evaluate", "correct", "evaluate", "score", "prune", "evaluate", "distill", "export", "evaluate"],
            stages.Select(stage => stage.Name));
        Assert.Equal(Enumerable.Range(1, 9), stages.Select(stage => stage.At));
        Assert.All(stages, stage => Assert.Equal(9, stage.Of));

        var status = Verb.Json($"status {folder}");
        Verb.HasFields(status, "folder state recipes stages_done seconds bytes loss position");
        Assert.Equal("done", status.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Undefined, status.TryGetProperty("stage", out var open) ? open.ValueKind : JsonValueKind.Undefined);
        Assert.Equal("recipe", status.GetProperty("recipes")[0].GetString());

        var listed = Assert.Single(Verb.Json($"runs {_run.At("runs")}").GetProperty("runs").EnumerateArray());
        Assert.Equal(folder, listed.GetProperty("folder").GetString());
        Assert.Contains("done", TestCommand.Launch($"runs {_run.At("runs")}").Output);

        Assert.Contains("all 9 done", TestCommand.Launch($"status {folder}").Output, StringComparison.Ordinal);

        // Of a folder of runs, the list.
        Assert.Equal(folder, Assert.Single(Verb.Json($"status {_run.At("runs")}").GetProperty("runs").EnumerateArray())
            .GetProperty("folder").GetString());
        Assert.Contains($"status {folder}", TestCommand.Launch($"status {_run.At("runs")}").Output, StringComparison.Ordinal);
        Assert.Contains("give a run folder, as given to compress --output", Verb.Refused("status"), StringComparison.Ordinal);
        Assert.Contains("does not exist; give a run folder", Verb.Refused($"status {_run.At("nowhere")}"), StringComparison.Ordinal);

        Assert.Matches("checks of distill-[0-9a-f]+: [0-9]+ passed in both\n", TestCommand.Launch($"compare-runs {folder} {folder}").Output);

        // TensorBoard shows the recipe's name with each curve.
        Assert.All(Directory.GetDirectories(Path.Combine(folder, "stages"), "*")
            .Where(stage => Directory.Exists(Path.Combine(stage, "tensorboard"))), stage =>
            Assert.Equal("recipe", Path.GetFileName(Assert.Single(Directory.GetDirectories(Path.Combine(stage, "tensorboard"))))));
    }

    [Fact]
    public void The_report_is_written_again_into_the_folder_or_elsewhere()
    {
        var folder = _run.Undisturbed;
        var page = Path.Combine(folder, "report.html");
        var before = File.ReadAllText(page);
        File.Delete(page);
        Assert.Equal(page, Verb.Json($"report {folder}").GetProperty("output").GetString());
        Assert.Equal(before, File.ReadAllText(page));
        var elsewhere = _run.At("elsewhere.html");
        Assert.Equal(elsewhere, Verb.Json($"report {folder} --output {elsewhere}").GetProperty("output").GetString());
        Assert.Equal(before, File.ReadAllText(elsewhere));
        Assert.Equal(before, TestCommand.Launch($"report {folder} -o -").Output);
        Assert.Contains("is inside the run folder", Verb.Refused($"report {folder} -o {folder}/stages/x.html"));
    }

    [Fact]
    public void A_page_of_the_run_on_its_way_goes_with_the_report_of_the_whole_run_unless_it_was_changed()
    {
        var (folder, page) = (_run.Undisturbed, $"{_run.Undisturbed}-so-far.html");
        var sealedPage = SealedText.Seal("<!DOCTYPE html><title>x · Espalier</title>\n");
        File.WriteAllText(page, sealedPage);
        Assert.DoesNotContain("still going:", TestCommand.Launch($"report {folder}").Error, StringComparison.Ordinal);
        Assert.False(File.Exists(page));
        File.WriteAllText(page, sealedPage.Replace(">x", ">y", StringComparison.Ordinal));
        Assert.Contains("still going: delete it", TestCommand.Launch($"report {folder}").Error, StringComparison.Ordinal);
        Assert.True(File.Exists(page));
        File.Delete(page);
    }

    [Fact]
    public void The_report_and_the_records_know_a_stage_by_one_hash()
    {
        var page = File.ReadAllText(Path.Combine(_run.Undisturbed, "report.html"));
        var made = Directory.GetDirectories(Path.Combine(_run.Undisturbed, "stages")).Select(StageRecord.Read).OfType<StageRecord>()
            .Where(record => record.Artefacts.Any(file => file.Size > 0) && record.Name != "export").ToArray();
        Assert.True(made.Length > 3);
        Assert.All(made, record => Assert.Contains(record.OutputHash, page, StringComparison.Ordinal));
        // Of one file also what sha256sum prints.
        var alone = made.First(record => record.Artefacts.Count(file => file.Size > 0) == 1);
        Assert.Contains(alone.Artefacts.Single(file => file.Size > 0).Sha256, page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_goes_on_is_seen_with_its_step_and_its_report_is_written_beside_it()
    {
        var folder = _run.At("going");
        using var program = _run.Start(folder);
        program.Until(() => SmallRun.Checkpoints(folder).Any(path => path.Contains("distill", StringComparison.Ordinal)));
        program.Signal("STOP");
        Assert.False(program.HasExited, program.HasExited ? program.Error : "");

        var status = Verb.Json($"status {folder}");
        DocumentationTests.AssertHas(DocumentationTests.Example("status"), status, "status");
        Assert.Equal("running", status.GetProperty("state").GetString());
        Assert.Equal(program.Id, status.GetProperty("pid").GetInt32());
        Assert.Equal("distill", status.GetProperty("stage").GetString());
        Assert.Equal(20, status.GetProperty("steps").GetInt64());
        Assert.InRange(status.GetProperty("step").GetInt64(), 4, 20);
        Assert.True(status.GetProperty("checkpoint").GetInt64() >= 4);
        Assert.Equal((7, 9),
            (status.GetProperty("position").GetProperty("stage").GetInt32(), status.GetProperty("position").GetProperty("of").GetInt32()));
        Assert.True(status.GetProperty("seconds_per_step").GetDouble() > 0);

        Assert.Equal($"{folder}-so-far.html", Verb.Json($"report {folder}").GetProperty("output").GetString());
        Assert.Contains("</html>", File.ReadAllText($"{folder}-so-far.html"));
        Assert.False(File.Exists(Path.Combine(folder, "report.html")));
        // Again replaces it, but never a page of somebody else.
        _ = Verb.Json($"report {folder}");
        Assert.True(SealedText.IsIntact($"{folder}-so-far.html"));
        File.WriteAllText($"{folder}-so-far.html", "<html>mine</html>");
        Assert.Contains("exists and is not a page of espalier", Verb.Refused($"report {folder}"));

        program.Signal("CONT");
        program.Kill();
        Assert.Equal("interrupted", Verb.Json($"status {folder}").GetProperty("state").GetString());
        _run.Finish(folder);
        Assert.Equal("done", Verb.Json($"status {folder}").GetProperty("state").GetString());
        _run.AssertUndisturbed(folder);
    }

    [Fact]
    public void A_run_that_failed_says_why_and_one_that_was_stopped_is_interrupted()
    {
        var folder = _run.At("failed");
        void Try(Exception error) =>
            Assert.Throws(error.GetType(), () => RunContext.Within<int>(folder, "", 1, NullProgress.Instance, run =>
        {
            _ = run.RunStage("data", [], new Dictionary<string, string>(), (_, _) => null);
            throw error;
        }, CancellationToken.None));

        Try(new EspalierException("the disk is full") { ExitCode = 1 });
        var status = Verb.Json($"status {folder}");
        Assert.Equal(("failed", "the disk is full"), (status.GetProperty("state").GetString(), status.GetProperty("message").GetString()));
        Try(new OperationCanceledException());
        Assert.Equal("interrupted", Verb.Json($"status {folder}").GetProperty("state").GetString());
        // A start that was killed leaves its name: no such process lives.
        File.WriteAllText(Path.Combine(folder, "run.lock"),
            JsonSerializer.Serialize(new { pid = int.MaxValue, host = Environment.MachineName, started = DateTimeOffset.UtcNow }));
        Assert.Equal("interrupted", Verb.Json($"status {folder}").GetProperty("state").GetString());
        File.WriteAllText(Path.Combine(folder, "run.lock"),
            JsonSerializer.Serialize(new { pid = 1, host = "another-machine", started = DateTimeOffset.UtcNow }));
        Assert.Equal("elsewhere", Verb.Json($"status {folder}").GetProperty("state").GetString());
        // The number of a process that began later than the lock was taken says nothing.
        File.WriteAllText(Path.Combine(folder, "run.lock"),
            JsonSerializer.Serialize(
                new
                {
                    pid = Environment.ProcessId,
                    host = Environment.MachineName,
                    started = new DateTimeOffset(2001, 1, 1, 0, 0, 0, TimeSpan.Zero)
                }));
        Assert.Equal("interrupted", Verb.Json($"status {folder}").GetProperty("state").GetString());
    }

    [Fact]
    public void What_is_no_run_is_refused_and_a_folder_without_runs_is_said()
    {
        Assert.Contains("has no run.json", Verb.Refused($"status {Verb.Tiny}"));
        Assert.Contains("has no run.json", Verb.Refused($"report {Verb.Tiny}"));
        Assert.Contains("does not exist", Verb.Refused($"runs {_run.At("nowhere")}"));
        Assert.Contains("there are no runs in", TestCommand.Launch($"runs {_run.At("teacher")}").Output);
    }

    [Fact]
    public void A_damaged_run_is_named_and_the_others_are_listed()
    {
        RunContext.Within(_run.At("runs", "good"), "", 1, NullProgress.Instance, _ => 0, CancellationToken.None);
        Directory.CreateDirectory(_run.At("runs", "bad"));
        File.WriteAllText(_run.At("runs", "bad", "run.json"), "{");
        var (code, output, error) = TestCommand.Launch($"runs {_run.At("runs")}");
        Assert.Equal(0, code);
        Assert.Contains("good", output);
        Assert.Contains("bad/run.json is damaged", error);
    }

    private static int Number(Match line, string group) => int.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^stage (?<at>\d+) of (?<of>\d+): (?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex StageLine();
}
