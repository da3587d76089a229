using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Tests.Runs;

public sealed class StageTests : IDisposable
{
    private static readonly Dictionary<string, string> s_inputs = new() { ["teacher"] = "aa", ["data"] = "bb" };
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _reports = [];

    public void Dispose() => _folder.Dispose();

    private static JsonObject Options() => new() { ["tokens"] = 1_000_000, ["learning-rate"] = 1e-3 };

    private RunFolder Open() => RunFolder.Open(_folder.Path, _reports.Add);

    [Fact]
    public void The_folder_name_of_a_stage_never_changes() =>
        Assert.Equal("distill-dd17ada8191f", StageKey.Of("distill", Options(), s_inputs).FolderName);

    [Fact]
    public void The_key_ignores_spelling_and_sees_every_difference()
    {
        var key = StageKey.Of("distill", Options(), s_inputs).Hash;
        Assert.Equal(key,
            StageKey.Of("distill", JsonNode.Parse("""{ "learning-rate": 0.10E-2, "tokens": 1000000 }"""),
                new Dictionary<string, string> { ["data"] = "bb", ["teacher"] = "aa" }).Hash);
        Assert.NotEqual(key, StageKey.Of("correct", Options(), s_inputs).Hash);
        Assert.NotEqual(key,
            StageKey.Of("distill", JsonNode.Parse("""{ "learning-rate": 0.0010000001, "tokens": 1000000 }"""), s_inputs).Hash);
        Assert.NotEqual(key,
            StageKey.Of("distill", Options(), new Dictionary<string, string> { ["teacher"] = "bb", ["data"] = "aa" }).Hash);
        Assert.NotEqual(
            StageKey.Of("data", JsonNode.Parse("9007199254740993"), s_inputs).Hash,
            StageKey.Of("data", JsonNode.Parse("9007199254740992"), s_inputs).Hash);
        Assert.Throws<ArgumentException>(() => StageKey.Of("../data", null, s_inputs));
    }

    [Fact]
    public void A_completed_stage_is_found_again_with_its_result()
    {
        using (var run = Open())
        using (var stage = run.Stage("distill", Options(), s_inputs))
        {
            Assert.False(stage.IsComplete);
            Assert.Null(stage.Begin());
            Work(stage);
            stage.Complete(new JsonObject { ["nll"] = 2.5 });
            Assert.True(stage.IsComplete);
        }
        using var again = Open();
        using var found = again.Stage("distill", Options(), s_inputs);
        Assert.True(found.IsComplete && found.Verify());
        Assert.Equal(2.5, found.Record!.Result["nll"]!.GetValue<double>());
        Assert.Equal(["metrics.jsonl", "model/weights"], found.Record.Artefacts.Select(file => file.Name));
        Assert.Equal(64, found.Record.OutputHash.Length);
        Assert.Empty(_reports);
    }

    [Theory]
    [InlineData("timing.jsonl", "folder")]
    [InlineData("timing.jsonl", "link")]
    [InlineData("timing.jsonl", "pipe")]
    [InlineData("timing.jsonl", "damaged line")]
    [InlineData("metrics.jsonl", "folder")]
    [InlineData("metrics.jsonl", "link")]
    [InlineData("metrics.jsonl", "pipe")]
    [InlineData("checkpoints", "file")]
    [InlineData("checkpoints", "link")]
    [InlineData("tensorboard", "file")]
    [InlineData("tensorboard", "link")]
    [InlineData("stage.json", "folder")]
    public void What_stands_in_the_place_of_a_log_or_folder_goes_and_what_a_link_leads_to_stays(string name, string what)
    {
        using var outside = new TemporaryFolder();
        Directory.CreateDirectory(outside.Of("step-4"));
        File.WriteAllText(outside.Of("step-4/mine"), "mine");
        using var run = Open();
        using (var stage = run.Stage("distill", Options(), s_inputs))
        {
            var path = stage.PathOf(name);
            Directory.CreateDirectory(stage.Path);
            if (what == "folder")
                File.WriteAllText(Path.Combine(Directory.CreateDirectory(path).FullName, "x"), "x");
            else if (what == "link")
                File.CreateSymbolicLink(path, name.EndsWith(".jsonl", StringComparison.Ordinal) ? outside.Of("step-4/mine") : outside.Path);
            else if (what == "pipe")
                System.Diagnostics.Process.Start("mkfifo", [path]).WaitForExit();
            else
                File.WriteAllText(path, "not a line\n");
            if (name == "timing.jsonl" || what == "damaged line")
                stage.Checkpoints.Save(2, [new("state", stream => stream.WriteByte(1))]);
        }
        using var begun = run.Stage("distill", Options(), s_inputs);
        begun.Begin();
        begun.Metrics.Append(3, ("loss", 1));
        begun.Timing.Append(3, ("seconds", 1));
        begun.Board.Append(3, ("loss", 1));
        begun.Checkpoints.Save(3, [new("state", stream => stream.WriteByte(1))]);
        begun.Complete();
        Assert.True(run.Stage("distill", Options(), s_inputs).Verify());
        Assert.Equal(what != "damaged line", _reports.Any(report => report.Contains(name, StringComparison.Ordinal)));
        Assert.Equal("mine", File.ReadAllText(outside.Of("step-4/mine")));
        Assert.Single(Directory.GetFileSystemEntries(outside.Path));
    }

    [Fact]
    public void Checkpoints_that_were_moved_away_behind_a_link_are_neither_passed_over_nor_written()
    {
        using var outside = new TemporaryFolder();
        using var run = Open();
        using (var stage = run.Stage("distill", Options(), s_inputs))
        {
            stage.Begin();
            stage.Checkpoints.Save(2, [new("state", stream => stream.WriteByte(1))]);
            Directory.Move(stage.Checkpoints.Folder, outside.Of("moved"));
            Directory.CreateSymbolicLink(stage.Checkpoints.Folder, outside.Of("moved"));
        }
        using var again = run.Stage("distill", Options(), s_inputs);
        var message = Assert.Throws<EspalierException>(() => again.Begin()).Message;
        Assert.Contains("move the checkpoints back to go on after step 2, or delete the link", message);
        Directory.Move(outside.Of("moved"), outside.Of("not mounted"));
        message = Assert.Throws<EspalierException>(() => again.Begin()).Message;
        Assert.Contains("which is not there now, but a stage saves and deletes only in its own folder: move the checkpoints back", message);
        File.Delete(again.Checkpoints.Folder);
        Directory.Move(outside.Of("not mounted"), again.Checkpoints.Folder);
        Assert.Equal(2, again.Begin()!.Step);
    }

    [Fact]
    public void A_stage_does_not_write_through_a_link()
    {
        using var outside = new TemporaryFolder();
        File.WriteAllText(outside.Of("mine"), "mine");
        using var run = Open();
        using var stage = run.Stage("distill", Options(), s_inputs);
        Directory.CreateDirectory(Path.GetDirectoryName(stage.Path)!);
        Directory.CreateSymbolicLink(stage.Path, outside.Path);
        Assert.Contains("is a symbolic link to", Assert.Throws<EspalierException>(() => stage.Begin()).Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(outside.Of("mine")));
    }

    [Theory]
    [InlineData("missing", "model/weights is missing")]
    [InlineData("cut", "model/weights has 3 bytes instead of 7")]
    [InlineData("changed", "model/weights has the hash ")]
    [InlineData("record", "stage.json")]
    public void A_stage_whose_artefact_is_missing_or_changed_is_done_again_and_says_so(string damage, string words)
    {
        using var run = Open();
        using (var stage = run.Stage("prune", null, s_inputs))
        {
            stage.Begin();
            Work(stage);
            stage.Complete();
            var weights = stage.PathOf("model/weights");
            switch (damage)
            {
                case "missing": File.Delete(weights); break;
                case "cut": File.WriteAllText(weights, "wei"); break;
                case "changed": File.WriteAllText(weights, "wEights"); break;
                case "record": File.WriteAllText(stage.PathOf("stage.json"), "{}"); break;
            }
        }
        using var found = run.Stage("prune", null, s_inputs);
        // A changed artefact of the same size is found only by reading it.
        Assert.Equal(damage == "changed", found.IsComplete);
        Assert.False(found.Verify());
        Assert.Contains(words, Assert.Single(_reports), StringComparison.Ordinal);
        Assert.False(File.Exists(found.PathOf("stage.json")));
        found.Begin();
        Work(found);
        found.Complete();
        Assert.True(found.Verify());
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.PowerLossOfData)]
    [InlineData(Fault.PowerLossOfNames)]
    [InlineData(Fault.Full)]
    [InlineData(Fault.Error)]
    public void Death_before_any_act_of_a_stage_leaves_it_done_or_not_and_the_next_run_ends_with_the_same_files(Fault fault)
    {
        string[]? expected = null;
        for (var n = int.MaxValue; ; n = n == int.MaxValue ? 0 : n + 1)
        {
            using var folder = new TemporaryFolder();
            var died = Record.Exception(() => new FaultyLayer(n, fault).During(() => Run(folder.Path)));
            Assert.True(died is null or DiedException or IOException or EspalierException, died?.ToString());
            Run(folder.Path);
            string[] found = [.. folder.Files().Where(name => name is not "run.lock")
                .Select(name => $"{name} {ContentHash.OfFile(folder.Of(name))}")];
            Assert.Equal(expected ??= found, found);
            if (died is null && n != int.MaxValue)
                break;
        }
        Assert.Empty(_reports);

        void Run(string path)
        {
            using var run = RunFolder.Open(path, _reports.Add);
            using var stage = run.Stage("distill", Options(), s_inputs);
            if (stage.IsComplete)
                return;
            var start = stage.Begin() is { } checkpoint ? int.Parse(checkpoint.Read("loss")) : 0;
            for (var step = start + 1; step <= 4; step++)
            {
                stage.Metrics.Append(step, ("loss", 1.0 / step));
                if (step % 2 == 0)
                    stage.Checkpoints.Save(step, [CheckpointPart.FromBytes("loss", System.Text.Encoding.UTF8.GetBytes($"{step}"))]);
            }
            stage.WriteFile("weights", stream => stream.Write("weights"u8));
            stage.Complete(new JsonObject { ["steps"] = 4 });
        }
    }

    [Fact]
    public void Everything_that_a_stage_made_is_flushed_before_it_counts_as_done()
    {
        var layer = new FaultyLayer(int.MaxValue, Fault.Kill);
        using var run = layer.During(Open);
        using var stage = run.Stage("distill", Options(), s_inputs);
        stage.Begin();
        Work(stage);
        layer.Acts.Clear();
        stage.Complete();
        var done =
            layer.Acts.FindIndex(act => act.StartsWith("rename ", StringComparison.Ordinal)
                && act.EndsWith(" stage.json", StringComparison.Ordinal));
        var folder = stage.Key.FolderName;
        Assert.All(["sync weights", "sync-folder model", "sync metrics.jsonl", $"sync-folder {folder}"],
            act => Assert.InRange(layer.Acts.IndexOf(act), 0, done - 1));
        Assert.InRange(layer.Acts.FindIndex(act => act.StartsWith("sync stage.json.tmp-", StringComparison.Ordinal)), 0, done - 1);
        Assert.Equal([$"sync-folder {folder}"], layer.Acts.Skip(done + 1));
    }

    [Fact]
    public void A_resumed_stage_forgets_artefacts_that_nothing_vouches_for_and_log_lines_after_its_checkpoint()
    {
        using var run = Open();
        using (var stage = run.Stage("distill", null, s_inputs))
        {
            stage.Begin();
            stage.Metrics.Append(1, ("loss", 2));
            stage.Checkpoints.Save(1, [CheckpointPart.FromBytes("loop.json", "1"u8.ToArray())]);
            stage.Metrics.Append(2, ("loss", 1));
            File.WriteAllText(stage.PathOf("half-written"), "x");
        }
        using var resumed = run.Stage("distill", null, s_inputs);
        Assert.Equal(1, resumed.Begin()?.Step);
        Assert.False(File.Exists(resumed.PathOf("half-written")));
        Assert.Equal("{\"step\":1,\"loss\":2}\n", File.ReadAllText(resumed.Metrics.Path));
    }

    private static void Work(StageFolder stage)
    {
        stage.Metrics.Append(1, ("loss", 2.0));
        stage.Timing.Append(1, ("seconds", 0.5));
        Directory.CreateDirectory(stage.PathOf("model"));
        File.WriteAllText(stage.PathOf("model/weights"), "weights");
    }
}
