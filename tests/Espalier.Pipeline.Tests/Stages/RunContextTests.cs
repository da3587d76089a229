using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>What becomes of a run folder whose run ends with wrong input, alone and beside others.</summary>
public sealed class RunContextTests : IDisposable
{
    private static readonly Dictionary<string, string> s_inputs = new() { ["data"] = "aa" };

    private readonly TemporaryFolder _folder = new();

    private string Run => _folder.Of("run");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_finished_stage_stays_when_wrong_input_comes_after_it_and_is_found_done()
    {
        Refused(run =>
        {
            Stage(run, "correct");
            throw new EspalierException("mine: text of 3 tokens; a window has 32");
        });
        Within(Run, run =>
        {
            Stage(run, "correct", _ => Assert.Fail("done again"));
            Assert.Equal(StageStatus.Reused, Assert.Single(run.Used).Status);
        });
    }

    [Fact]
    public void A_checkpoint_of_a_stage_that_wrong_input_ended_stays_and_is_gone_on_from()
    {
        Refused(run => Stage(run, "correct", stage =>
        {
            stage.Checkpoints.Save(4, [CheckpointPart.FromBytes("state", "weights"u8.ToArray())]);
            throw new EspalierException("wrong");
        }));
        Within(Run, run => run.RunStage("correct", [], s_inputs, (_, checkpoint) =>
        {
            Assert.Equal(4, checkpoint!.Step);
            return null;
        }));
    }

    [Fact]
    public void Steps_that_a_start_logged_and_was_killed_after_count_in_the_stages_time()
    {
        // Ended in order it counts itself, by the clock: far less than what these steps say.
        Assert.Throws<OperationCanceledException>(() => Within(Run, run => Stage(run, "train", stage =>
        {
            stage.Timing.Append(1, ("seconds", 4000.0));
            stage.Timing.Append(2, ("seconds", 480.0));
            throw new OperationCanceledException();
        })));
        Within(Run, run =>
        {
            Stage(run, "train");
            Assert.InRange(Assert.Single(run.Used).Seconds, 4480, 8000);
        });
        // Done, it has its own time, and is found again with it.
        Within(Run, run =>
        {
            Stage(run, "train", _ => Assert.Fail("done again"));
            Assert.InRange(Assert.Single(run.Used).Seconds, 4480, 8000);
        });
    }

    [Fact]
    public void Shards_of_a_cache_that_wrong_input_ended_stay()
    {
        Refused(run => Stage(run, "cache", stage =>
        {
            File.WriteAllText(stage.PathOf("shard-00000.bin"), "x");
            throw new EspalierException("wrong");
        }));
        Within(Run, run => run.RunStage("cache", [], s_inputs, (stage, _) =>
        {
            Assert.True(File.Exists(stage.PathOf("shard-00000.bin")));
            return null;
        }, keepArtefacts: true));
    }

    [Fact]
    public void What_was_measured_before_any_stage_stays()
    {
        Refused(run =>
        {
            run.Folder.WriteFile("latency.json", stream => stream.Write("{}"u8));
            throw new EspalierException("wrong");
        });
        Assert.True(File.Exists(Path.Combine(Run, "latency.json")));
    }

    [Theory]
    [InlineData("model.safetensors", "other weights!")]
    [InlineData("added.json", "{}")]
    public void What_is_made_of_a_model_that_is_changed_meanwhile_is_not_kept(string changed, string text)
    {
        var (model, folder, begun) = (_folder.Of("model"), "", false);
        Directory.CreateDirectory(model);
        File.WriteAllText(Path.Combine(model, "model.safetensors"), "these weights!");
        Run(() => File.WriteAllText(Path.Combine(model, changed), text), saves: true);
        Run(() => File.WriteAllText(Path.Combine(model, changed), text + " "), saves: false);
        Assert.True(begun);

        void Run(Action change, bool saves)
        {
            var error = Refused(run =>
            {
                var given = run.Given("teacher", model);
                run.RunStage("correct", [], new Dictionary<string, string> { ["teacher"] = given.Hash }, (stage, _) =>
                {
                    (begun, folder) = (true, stage.Path);
                    change();
                    if (saves)
                        stage.Checkpoints.Save(1, [CheckpointPart.FromBytes("state", "weights"u8.ToArray())]);
                    return null;
                });
            });
            Assert.Contains($"{Path.Combine(model, changed)}: was changed since this run read it", error.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(folder, "stage.json")));
            Assert.False(Directory.Exists(Path.Combine(folder, "checkpoints", "step-1")));
        }
    }

    [Fact]
    public void What_is_made_of_a_model_that_only_gets_another_name_or_right_meanwhile_is_kept()
    {
        var model = _folder.Of("model");
        Directory.CreateDirectory(model);
        var weights = Path.Combine(model, "model.safetensors");
        File.WriteAllText(weights, "these weights!");
        Within(Run, run => run.RunStage("correct", [], new Dictionary<string, string> { ["teacher"] = run.Given("t", model).Hash },
            (_, _) =>
        {
            File.Copy(weights, weights + "2");
            File.Move(weights + "2", weights, overwrite: true);
            return null;
        }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_run_whose_folder_is_deleted_meanwhile_ends_and_does_not_make_it_again(bool isInTheMiddle)
    {
        var error = Refused(run =>
        {
            Stage(run, "correct", stage =>
            {
                if (!isInTheMiddle)
                    return;
                Directory.Delete(Run, recursive: true);
                stage.Checkpoints.Save(1, [CheckpointPart.FromBytes("state", "weights"u8.ToArray())]);
            });
            Directory.Delete(Run, recursive: true);
            Stage(run, "distill", _ => Assert.Fail("at work"));
        });
        Assert.Contains("run.lock: is no longer the file that this run locked", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, error.ExitCode);
        Assert.False(Directory.Exists(Run));
    }

    [Fact]
    public void A_run_whose_lock_is_deleted_ends_and_leaves_the_next_one_alone()
    {
        var error = Refused(run => Stage(run, "correct", _ =>
        {
            File.Delete(Path.Combine(Run, "run.lock"));
            Within(Run, second => Stage(second, "distill"));
        }));
        Assert.Contains("run.lock: is no longer the file that this run locked", error.Message, StringComparison.Ordinal);
        Within(Run, run => Stage(run, "distill", _ => Assert.Fail("done again")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Wrong_input_before_anything_was_done_leaves_no_folder(bool inAStage)
    {
        Refused(run =>
        {
            run.Folder.WriteFile("recipe.yaml", stream => stream.Write("teacher: there"u8));
            if (inAStage)
                Stage(run, "data", _ => throw new EspalierException("no text"));
            throw new EspalierException("wrong");
        });
        Assert.False(Path.Exists(Run));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_folder_that_was_there_before_stays_with_what_was_in_it_and_nothing_else()
    {
        Directory.CreateDirectory(Run);
        File.WriteAllText(Path.Combine(Run, "notes"), "mine");
        File.WriteAllText(Path.Combine(Run, "run.lock"), "");
        Refused(_ => throw new EspalierException("wrong"));
        Assert.Equal(["run/notes", "run/run.lock"], _folder.Files());
    }

    [Fact]
    public void What_somebody_else_puts_into_the_folder_meanwhile_stays()
    {
        Refused(run =>
        {
            File.WriteAllText(run.Folder.PathOf("notes"), "mine");
            throw new EspalierException("wrong");
        });
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Run, "notes")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(130)]
    public void A_run_that_failed_or_was_stopped_keeps_its_folder(int code)
    {
        var end =
            Record.Exception(() =>
                Within(Run, _ => throw (code == 1 ? new EspalierException("failed") { ExitCode = 1 } : new OperationCanceledException())));
        Assert.NotNull(end);
        Assert.True(File.Exists(Path.Combine(Run, "run.json")));
    }

    [Fact]
    public void Whoever_stops_a_run_is_told_how_it_goes_on_and_of_a_folder_that_goes_that_it_begins_anew()
    {
        var told = new Told();
        Assert.Throws<OperationCanceledException>(() => RunContext.Within<int>(Run, "recipe", 1, told,
            _ => throw new OperationCanceledException(), default));
        Assert.Equal("finished work is kept: the same command resumes from here", told.Notes[^1]);
        Assert.Throws<OperationCanceledException>(() => RunContext.Once<int>(_folder.Of("result"), "recipe", 1, told,
            _ => throw new OperationCanceledException(), default));
        Assert.Equal("none of this work is kept: the same command starts over", told.Notes[^1]);
    }

    [Fact]
    public void A_stage_of_a_cycle_is_announced_with_it_and_the_record_knows_it()
    {
        var told = new Told();
        _ = RunContext.Within(Run, "recipe", 1, told, run =>
        {
            run.Plan([new("arm", "prune", 1), new("arm", "prune", 2, 3)]);
            Stage(run, "prune");
            run.RunStage("prune", [], new Dictionary<string, string> { ["data"] = "bb" }, (_, _) => null);
            return 0;
        }, default);
        Assert.Equal(["1 of 2: prune, cycle 1", "2 of 2: prune, cycle 2, round 3"], told.Stages);
        Assert.Equal((2, 3), (RunStatus.Read(Run).Position!.Cycle, RunStatus.Read(Run).Position!.Round));
    }

    [Fact]
    public void What_belongs_to_a_stage_is_announced_as_part_of_it()
    {
        var told = new Told();
        _ = RunContext.Within(Run, "recipe", 1, told, run =>
        {
            run.Plan([new("arm", "data"), new("arm", "evaluate", 2)]);
            foreach (var name in (string[])["data", "evaluate", "samples"])
                Stage(run, name);
            return 0;
        }, default);
        Assert.Equal(["1 of 2: data", "2 of 2: evaluate, cycle 2", "2 of 2: evaluate, cycle 2 (samples)"], told.Stages);
    }

    /// <summary>Keeps what it is told.</summary>
    private sealed class Told : IProgressReporter
    {
        public List<string> Notes { get; } = [];

        public List<string> Stages { get; } = [];

        public IProgressTask Begin(string title, long total, string unit) => NullProgress.Instance.Begin(title, total, unit);

        public void Stage(int number, int total, string title) => Stages.Add($"{number} of {total}: {title}");

        public void Note(string line) => Notes.Add(line);

        public void Warn(string line)
        {
        }
    }

    [Fact]
    public void The_loser_of_two_starts_in_a_new_folder_deletes_nothing_of_the_winners()
    {
        // The loser has seen that there is no folder, and is slow to make it: the winner takes it, and is at work in it, done with a stage.
        using var winnerWorks = new ManualResetEventSlim();
        using var loserIsRefused = new ManualResetEventSlim();
        Exception? end = null;
        var winner = new Thread(() => end = Record.Exception(() => Within(Run, run =>
        {
            Stage(run, "correct");
            winnerWorks.Set();
            loserIsRefused.Wait();
            Assert.True(File.Exists(run.Folder.PathOf("run.json")));
        })));
        var late = new LateFolder(() =>
        {
            winner.Start();
            winnerWorks.Wait();
        });
        var error = Assert.Throws<EspalierException>(() => late.During(() => Within(Run, _ => Assert.Fail("two at once"))));
        Assert.Contains(" is in use by ", error.Message, StringComparison.Ordinal);
        loserIsRefused.Set();
        winner.Join();
        Assert.True(end is null, $"{end}");
        Within(Run, run => Stage(run, "correct", _ => Assert.Fail("done again")));
    }

    [Fact]
    public void A_start_that_looked_before_another_ran_to_its_end_takes_that_ones_folder_for_what_it_is()
    {
        var late = new LateFolder(() => Within(Run, run => Stage(run, "correct")));
        Assert.Throws<EspalierException>(() => late.During(() => Within(Run, _ => throw new EspalierException("wrong"))));
        Within(Run, run => Stage(run, "correct", _ => Assert.Fail("done again")));
    }

    [Fact]
    public void Of_many_starts_that_come_to_nothing_or_to_something_two_are_never_at_work_and_nothing_done_is_lost()
    {
        for (var round = 0; round < LongRun.Times(30, 1000); round++)
        {
            var folder = _folder.Of($"race-{round}");
            var (atWork, together, done) = (0, 0, 0);
            void Work(int number)
            {
                for (var attempt = 0; attempt < 5; attempt++)
                    Record.Exception(() => Within(folder, run =>
                    {
                        if (Interlocked.Increment(ref atWork) != 1)
                            Interlocked.Increment(ref together);
                        try
                        {
                            if (number > 0 || attempt < 4)
                                throw new EspalierException("wrong");
                            Stage(run, "correct");
                            Interlocked.Increment(ref done);
                        }
                        finally
                        {
                            Interlocked.Decrement(ref atWork);
                        }
                    }));
            }
            var threads = Enumerable.Range(0, 4).Select(i => new Thread(() => Work(i))).ToArray();
            foreach (var thread in threads)
                thread.Start();
            foreach (var thread in threads)
                thread.Join();
            Assert.Equal(0, together);
            if (done > 0)
                Within(folder, run => Stage(run, "correct", _ => Assert.Fail("lost")));
            else if (Directory.Exists(folder))
                Assert.DoesNotContain(Directory.EnumerateFiles(folder), name => Path.GetFileName(name) != "run.lock");
        }
    }

    [Theory]
    [InlineData("mine")]
    [InlineData("{ \"name\": \"a lock of another program\" }")]
    public void Somebody_elses_file_in_place_of_the_lock_is_refused_and_stays_as_it_is(string text)
    {
        Directory.CreateDirectory(Run);
        File.WriteAllText(Path.Combine(Run, "run.lock"), text);
        Assert.Contains("run.lock is a file that this program did not write", Refused(_ => Assert.Fail("at work")).Message,
            StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(Path.Combine(Run, "run.lock")));
        byte[] behindZeros = [.. new byte[5000], 1];
        File.WriteAllBytes(Path.Combine(Run, "run.lock"), behindZeros);
        Assert.Contains("did not write", Refused(_ => Assert.Fail("at work")).Message, StringComparison.Ordinal);
        Assert.Equal(behindZeros, File.ReadAllBytes(Path.Combine(Run, "run.lock")));
        File.WriteAllBytes(Path.Combine(Run, "run.lock"), new byte[90]);
        Within(Run, _ => { });
    }

    private EspalierException Refused(Action<RunContext> work) => Assert.Throws<EspalierException>(() => Within(Run, work));

    private static void Within(string path, Action<RunContext> work) => RunContext.Within(path, "recipe", 1, NullProgress.Instance, run =>
    {
        work(run);
        return 0;
    }, default);

    private static void Stage(RunContext run, string name, Action<StageFolder>? work = null) =>
        run.RunStage(name, [], s_inputs, (stage, _) =>
    {
        (work ?? (there => File.WriteAllText(there.PathOf("weights"), "weights")))(stage);
        return new JsonObject { ["steps"] = 1 };
    });

    /// <summary>The disk, on which something happens just before the first folder is created.</summary>
    private sealed class LateFolder(Action before) : IFileLayer
    {
        private readonly DiskLayer _disk = new();
        private Action? _before = before;

        public void CreateFolder(string path)
        {
            Interlocked.Exchange(ref _before, null)?.Invoke();
            _disk.CreateFolder(path);
        }

        public string CreateScratchFolder(string prefix) => _disk.CreateScratchFolder(prefix);
        public Stream CreateFile(string path) => _disk.CreateFile(path);
        public Stream OpenLog(string path) => _disk.OpenLog(path);
        public void Sync(Stream stream) => _disk.Sync(stream);
        public void SyncFile(string path) => _disk.SyncFile(path);
        public void SyncFolder(string path) => _disk.SyncFolder(path);
        public void Rename(string from, string to) => _disk.Rename(from, to);
        public void RenameNew(string from, string to) => _disk.RenameNew(from, to);
        public void DeleteFile(string path) => _disk.DeleteFile(path);
        public void DeleteFolder(string path) => _disk.DeleteFolder(path);
    }
}
