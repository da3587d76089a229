using System.Diagnostics;
using System.Text.RegularExpressions;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Tests.Runs;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static RunManifest Manifest() => new()
    {
        ProgramVersion = "0.1.0",
        RecipeHash = ContentHash.OfText("recipe"),
        Seeds = new Dictionary<string, long> { ["training"] = 7 },
        Machine = MachineFacts.Detect(2, new Dictionary<string, string> { ["libtorch"] = "2.6.0" }),
    };

    [Fact]
    public void A_second_opener_is_told_who_has_the_folder_and_the_way_out()
    {
        using (RunFolder.Open(_folder.Path))
        {
            var error = Assert.Throws<EspalierException>(() => RunFolder.Open(_folder.Path));
            Assert.Equal(2, error.ExitCode);
            Assert.Contains($"in use by process {Environment.ProcessId} on {Environment.MachineName}, started ", error.Message,
                StringComparison.Ordinal);
            Assert.Contains("choose another run folder", error.Message, StringComparison.Ordinal);
        }
        RunFolder.Open(_folder.Path).Dispose();
    }

    [Fact]
    public void Another_process_that_holds_the_lock_keeps_us_out_until_it_is_killed()
    {
        File.WriteAllText(_folder.Of("run.lock"), """{"pid": 12345, "host": "there", "started": "2026-01-02T03:04:05+00:00"}""");
        using var holder = Flock("-F", _folder.Of("run.lock"), "-c", "echo held; exec sleep 60");
        Assert.Equal("held", holder.StandardOutput.ReadLine());
        var error = Assert.Throws<EspalierException>(() => RunFolder.Open(_folder.Path));
        Assert.Contains("process 12345 on there, started 2026-01-02 03:04:05Z", error.Message, StringComparison.Ordinal);
        holder.Kill();
        holder.WaitForExit();
        RunFolder.Open(_folder.Path).Dispose();
    }

    [Fact]
    public void Our_lock_keeps_another_process_out_until_we_let_go()
    {
        using (RunFolder.Open(_folder.Path))
            Assert.Equal(1, ExitCode());
        Assert.Equal(0, ExitCode());

        int ExitCode()
        {
            using var process = Flock("-n", _folder.Of("run.lock"), "true");
            process.WaitForExit();
            return process.ExitCode;
        }
    }

    [Fact]
    public void Leftovers_of_interrupted_writes_go_and_everything_else_stays()
    {
        const string stage = "stages/data-0123456789ab";
        foreach (var name in new[]
        {
            "run.json.tmp-0123a74b", "report.html.tmp-0123a35a", $"{stage}/model/a.tmp-89abcdef", $"{stage}/checkpoints/step-4.tmp/weights",
            $"{stage}.tmp-01234567/stage.json",
            // Names like ours that no run gives.
            "notes.tmp", "mine.tmp-xyz", "run.json.tmp-01234567", "report.tmp-01234567", "report.html.tmp-1",
            "report.html.tmp-01234567.bak", "step-4.tmp/weights", "student.tmp-01234567/weights",
            "stages/notes.tmp-01234567", "stages/mine/a.tmp-01234567", $"{stage}/kept",
        })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.Of(name))!);
            File.WriteAllText(_folder.Of(name), "x");
        }
        using var outside = new TemporaryFolder();
        File.WriteAllText(outside.Of("a.tmp-01234567"), "x");
        Directory.CreateSymbolicLink(_folder.Of("stages", "link"), outside.Path);
        RunFolder.Open(_folder.Path).Dispose();
        Assert.Equal(
            ["mine.tmp-xyz", "notes.tmp", "report.html.tmp-01234567.bak", "report.html.tmp-1", "report.tmp-01234567",
                "run.json.tmp-01234567", "run.lock", $"{stage}/kept",
                "stages/mine/a.tmp-01234567", "stages/notes.tmp-01234567", "step-4.tmp/weights", "student.tmp-01234567/weights"],
            _folder.Files().Where(name => !name.StartsWith("stages/link", StringComparison.Ordinal)));
        Assert.Single(outside.Files());
    }

    [Fact]
    public void The_manifest_is_read_back_as_it_was_saved()
    {
        using (var run = RunFolder.Open(_folder.Path))
        {
            run.Save(Manifest().With(new StageEntry("data", "data-0", "k", StageStatus.Started, 0, null)));
            run.Save(run.Manifest!.With(new StageEntry("data", "data-0", "k", StageStatus.Done, 1.5, "h")) with { Warnings = ["slow"] });
        }
        using var again = RunFolder.Open(_folder.Path);
        var manifest = again.Manifest!;
        Assert.Equal(new StageEntry("data", "data-0", "k", StageStatus.Done, 1.5, "h"), Assert.Single(manifest.Stages));
        Assert.Equal(7, manifest.Seeds["training"]);
        Assert.Equal("2.6.0", manifest.Machine.Libraries["libtorch"]);
        Assert.Equal(["slow"], manifest.Warnings);
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.PowerLossOfData)]
    [InlineData(Fault.PowerLossOfNames)]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Full)]
    public void Death_before_any_act_of_writing_the_manifest_leaves_the_old_or_the_new_one(Fault fault)
    {
        var seen = new HashSet<int>();
        for (var (n, failed) = (0, true); failed; n++)
        {
            using var folder = new TemporaryFolder();
            using (var run = RunFolder.Open(folder.Path))
                run.Save(Manifest());
            failed = Record.Exception(() => new FaultyLayer(n, fault).During(() =>
            {
                using var run = RunFolder.Open(folder.Path);
                run.Save(run.Manifest! with { Warnings = ["second"] });
            })) is not null;
            using var again = RunFolder.Open(folder.Path);
            seen.Add(again.Manifest!.Warnings.Count);
            Assert.Equal(["run.json", "run.lock"], folder.Files());
        }
        Assert.Equal([0, 1], seen.Order());
    }

    [Fact]
    public void A_manifest_is_flushed_before_its_name_and_its_folder_after_it()
    {
        var layer = new FaultyLayer(int.MaxValue, Fault.Kill);
        using var run = layer.During(() => RunFolder.Open(_folder.Path));
        layer.Acts.Clear();
        run.Save(Manifest());
        Assert.Equal(["create", "write", "sync", "rename", "sync-folder"], layer.Acts.Select(act => act.Split(' ')[0]));
        Assert.EndsWith(" run.json", layer.Acts[3], StringComparison.Ordinal);
        Assert.Equal($"sync-folder {Path.GetFileName(_folder.Path)}", layer.Acts[4]);
    }

    [Fact]
    public void Any_flipped_bit_of_a_manifest_is_refused_or_changes_no_structure()
    {
        // run.json is for people and editors, so it carries no hash of itself: what it says of stages is never believed without their
        // stage.json.
        using (var run = RunFolder.Open(_folder.Path))
            run.Save(Manifest().With(new StageEntry("data", "data-0", "k", StageStatus.Done, 1, "h")));
        var bytes = File.ReadAllBytes(_folder.Of("run.json"));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(_folder.Of("run.json"), bytes);
            var error = Record.Exception(() => RunFolder.Open(_folder.Path).Dispose());
            Assert.True(error is null or EspalierException, $"bit {bit}: {error}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Of_many_that_want_a_folder_at_once_exactly_one_gets_it()
    {
        for (var round = 0; round < LongRun.Times(20, 500); round++)
        {
            using var folder = new TemporaryFolder();
            var runs = new RunFolder?[6];
            var errors = new Exception?[runs.Length];
            var threads = Enumerable.Range(0, runs.Length)
                .Select(i => new Thread(() => errors[i] = Record.Exception(() => runs[i] = RunFolder.Open(folder.Path)))).ToArray();
            foreach (var thread in threads)
                thread.Start();
            foreach (var thread in threads)
                thread.Join();
            Assert.Single(runs, run => run is not null);
            Assert.All(errors.OfType<Exception>(),
                error => Assert.Contains("is in use by ", Assert.IsType<EspalierException>(error).Message, StringComparison.Ordinal));
            foreach (var run in runs)
                run?.Dispose();
        }
    }

    [Fact]
    public void A_manifest_of_a_newer_format_is_refused_before_anything_is_touched()
    {
        File.WriteAllText(_folder.Of("run.json"), """{ "format_version": 2, "anything": [] }""");
        File.WriteAllText(_folder.Of("run.json.tmp-0123a74b"), "x");
        var error = Assert.Throws<EspalierException>(() => RunFolder.Open(_folder.Path));
        Assert.Matches(new Regex("run.json: format_version 2 is newer than 1"), error.Message);
        Assert.True(File.Exists(_folder.Of("run.json.tmp-0123a74b")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"format_version": 0}""")]
    [InlineData("""{"format_version": 1}""")]
    [InlineData("""{"format_version": 1, "format_version": 1}""")]
    [InlineData("""{"format_version": 1, "program_version": null, "recipe_hash": "", "seeds": {}, "machine": {"cpu": "", "cores": 1, "threads": 1, "libraries": {}}}""")]
    public void A_damaged_manifest_is_one_clear_error(string text)
    {
        File.WriteAllText(_folder.Of("run.json"), text);
        Assert.Contains("run.json", Assert.Throws<DamagedFileException>(() => RunFolder.Open(_folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_place_of_the_run_folder_is_refused()
    {
        File.WriteAllText(_folder.Of("run"), "x");
        Assert.Equal(2, Assert.Throws<EspalierException>(() => RunFolder.Open(_folder.Of("run"))).ExitCode);
    }

    [Fact]
    public void Output_does_not_follow_links()
    {
        using var run = RunFolder.Open(_folder.Path);
        File.WriteAllText(_folder.Of("precious"), "x");
        File.CreateSymbolicLink(_folder.Of("report.html"), _folder.Of("precious"));
        Assert.Contains("is a link to ",
            Assert.Throws<EspalierException>(() => run.WriteFile("report.html", stream => stream.Write("report"u8))).Message,
            StringComparison.Ordinal);
        Assert.Equal("x", File.ReadAllText(_folder.Of("precious")));
        File.Delete(_folder.Of("report.html"));
        run.WriteFile("report.html", stream => stream.Write("report"u8));
        Assert.Equal(["precious", "report.html", "run.lock"], _folder.Files());
        Assert.Throws<ArgumentException>(() => run.PathOf("../elsewhere"));
    }

    private static Process Flock(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("flock", arguments) { RedirectStandardOutput = true })!;
}
