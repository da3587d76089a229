using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>Several starts in one folder, and its lock.</summary>
public sealed class RunRaceTests : RunContextTest
{
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
