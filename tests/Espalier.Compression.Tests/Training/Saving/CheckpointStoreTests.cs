using System.Text;
using Espalier.Compression.Training.Saving;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training.Saving;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _reports = [];

    public void Dispose() => _folder.Dispose();

    private CheckpointStore Store(int keep = 2) => new(_folder.Path, keep);

    internal static CheckpointPart[] Parts(long step) =>
    [
        CheckpointPart.FromBytes("weights", Encoding.UTF8.GetBytes($"weights after {step} steps")),
        CheckpointPart.FromBytes("optimizer", Encoding.UTF8.GetBytes($"moments after {step} steps")),
    ];

    internal static void AssertIsThatOf(long step, SavedCheckpoint? checkpoint)
    {
        Assert.Equal(step, checkpoint?.Step);
        Assert.Equal($"weights after {step} steps", Encoding.UTF8.GetString(checkpoint!.Read("weights")));
        Assert.Equal($"moments after {step} steps", Encoding.UTF8.GetString(checkpoint.Read("optimizer")));
    }

    [Fact]
    public void A_folder_without_checkpoints_has_no_latest() => Assert.Null(new CheckpointStore(_folder.Of("none")).OpenLatest());

    [Fact]
    public void The_newest_two_stay_and_hold_what_was_saved()
    {
        var store = Store();
        foreach (var step in new[] { 5L, 20, 100 })
            AssertIsThatOf(step, store.Save(step, Parts(step)));
        Assert.Equal(
            ["step-100/manifest.json", "step-100/optimizer", "step-100/weights", "step-20/manifest.json", "step-20/optimizer",
                "step-20/weights"],
            _folder.Files());
        AssertIsThatOf(100, Store().OpenLatest());
    }

    [Theory]
    [InlineData("there")]
    [InlineData("not mounted")]
    public void A_checkpoint_that_was_moved_away_behind_a_link_is_not_passed_over(string target)
    {
        foreach (var step in new[] { 5L, 20 })
            Store().Save(step, Parts(step));
        using var outside = new TemporaryFolder();
        Directory.Move(_folder.Of("step-20"), outside.Of("there"));
        Directory.CreateSymbolicLink(_folder.Of("step-20"), outside.Of(target));
        var message = Assert.Throws<EspalierException>(() => Store().OpenLatest()).Message;
        Assert.Contains("step-20 is a symbolic link", message, StringComparison.Ordinal);
        Assert.Contains("or delete the link to go on without it", message, StringComparison.Ordinal);
        File.Delete(_folder.Of("step-20"));
        AssertIsThatOf(5, Store().OpenLatest());
        Directory.Move(outside.Of("there"), _folder.Of("step-20"));
        AssertIsThatOf(20, Store().OpenLatest());
    }

    [Fact]
    public void Files_are_flushed_then_their_folder_then_renamed_then_the_parent_flushed_before_any_older_one_goes()
    {
        Store().Save(1, Parts(1));
        var layer = new FaultyLayer(int.MaxValue, Fault.Kill);
        var store = layer.During(() => new CheckpointStore(_folder.Path, keep: 1));
        store.BeforePublish = () => layer.Acts.Add("logs are flushed");
        store.Save(2, Parts(2));
        var parent = Path.GetFileName(_folder.Path);
        Assert.Equal(
            [
                "create-folder step-2.tmp",
                "create weights", "write weights", "sync weights",
                "create optimizer", "write optimizer", "sync optimizer",
                "create manifest.json", "write manifest.json", "sync manifest.json",
                "sync-folder step-2.tmp",
                "logs are flushed",
                "rename step-2.tmp step-2",
                $"sync-folder {parent}",
            ],
            layer.Acts.Take(14));
        Assert.StartsWith("rename step-1 step-1.tmp-", layer.Acts[14], StringComparison.Ordinal);
        Assert.Equal($"sync-folder {parent}", layer.Acts[15]);
        Assert.All(layer.Acts.Skip(16), act => Assert.StartsWith("delete", act, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.PowerLossOfData)]
    [InlineData(Fault.PowerLossOfNames)]
    public void Death_before_any_act_of_a_save_leaves_the_old_or_the_new_one_and_is_tidied(Fault fault)
    {
        var (old, fresh) = (0, 0);
        for (var n = 0; ; n++)
        {
            using var folder = new TemporaryFolder();
            var healthy = new CheckpointStore(folder.Path);
            healthy.Save(10, Parts(10));
            healthy.Save(20, Parts(20));
            var died = Dies(() => new FaultyLayer(n, fault).During(() => new CheckpointStore(folder.Path).Save(30, Parts(30))));

            var store = new CheckpointStore(folder.Path);
            var found = store.OpenLatest(_reports.Add);
            AssertIsThatOf(found?.Step == 30 ? 30 : 20, found);
            Assert.Empty(_reports);
            Assert.DoesNotContain(Directory.GetDirectories(folder.Path), path => path.Contains(".tmp", StringComparison.Ordinal));
            _ = found!.Step == 30 ? fresh++ : old++;

            store.Save(30, Parts(30));
            store.Save(40, Parts(40));
            Assert.Equal(["step-30", "step-40"], Directory.GetDirectories(folder.Path).Select(Path.GetFileName).Order());
            if (!died)
                break;
        }
        Assert.True(old > 10 && fresh > 5, $"{old} times the old one, {fresh} times the new one");
    }

    [Theory]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Full)]
    public void A_disk_that_refuses_any_act_of_a_save_costs_one_clear_line_and_no_earlier_checkpoint(Fault fault)
    {
        for (var n = 0; ; n++)
        {
            using var folder = new TemporaryFolder();
            new CheckpointStore(folder.Path).Save(10, Parts(10));
            var layer = new FaultyLayer(n, fault);
            var store = layer.During(() => new CheckpointStore(folder.Path, keep: 1));
            var error = Record.Exception(() => store.Save(20, Parts(20)));
            if (error is null)
                break;
            var refusal = Assert.IsType<EspalierException>(error);
            Assert.Equal(1, refusal.ExitCode);
            Assert.Contains("step-20 could not be saved: ", refusal.Message, StringComparison.Ordinal);
            Assert.Contains(fault == Fault.Full ? "No space left" : "Input/output error", refusal.Message, StringComparison.Ordinal);

            // Before the rename took effect nothing is left of the new one; after it the new one is whole.
            var renamed = layer.Acts.FindIndex(act => act == "rename step-20.tmp step-20");
            Assert.False(Directory.Exists(Path.Combine(folder.Path, "step-20.tmp")));
            var found = new CheckpointStore(folder.Path).OpenLatest(_reports.Add);
            AssertIsThatOf(renamed >= 0 && renamed < n ? 20 : 10, found);
            Assert.Empty(_reports);
        }
    }

    [Fact]
    public void The_best_one_stays_beside_the_newest_two_until_a_better_one_was_read_back()
    {
        var store = Store();
        foreach (var step in new[] { 1L, 2, 3, 4, 5 })
            store.Save(step, Parts(step), best: step == 2);
        Assert.Equal(["step-2", "step-4", "step-5"], Folders());
        AssertIsThatOf(2, store.OpenBest());

        store.Save(6, Parts(6), best: true);
        Assert.Equal(["step-5", "step-6"], Folders());
        store.Save(7, Parts(7));
        // A step that is there already may turn out the best: stopped in the midst of its evaluation, it was saved before.
        store.Save(7, Parts(7), best: true);
        store.Save(8, Parts(8));
        store.Save(9, Parts(9));
        Assert.Equal(["step-7", "step-8", "step-9"], Folders());

        // After a resume whoever knows the losses says which it is.
        store = Store();
        Assert.Null(store.OpenBest());
        store.BestStep = 7;
        store.Save(10, Parts(10));
        Assert.Equal(["step-10", "step-7", "step-9"], Folders());
        File.WriteAllText(_folder.Of("step-7", "weights"), "weights after x steps");
        Assert.Null(store.OpenBest(_reports.Add));
        Assert.Contains("step-7, the best checkpoint, is damaged: weights has the hash ", Assert.Single(_reports),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.PowerLossOfData)]
    [InlineData(Fault.PowerLossOfNames)]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Full)]
    public void Death_before_any_act_of_saving_a_better_one_leaves_the_former_best_or_the_new_one(Fault fault)
    {
        for (var (n, failed) = (0, true); failed; n++)
        {
            using var folder = new TemporaryFolder();
            CheckpointStore Open() => new(folder.Path, keep: 1) { BestStep = 1 };
            var store = Open();
            foreach (var step in new[] { 1L, 2 })
                store.Save(step, Parts(step));
            failed = Record.Exception(() => new FaultyLayer(n, fault).During(() => Open().Save(3, Parts(3), best: true))) is not null;

            store = Open();
            var latest = store.OpenLatest(_reports.Add)!.Step;
            Assert.Empty(_reports);
            // What the metrics up to the latest checkpoint call the best is there.
            store.BestStep = latest == 3 ? 3 : 1;
            AssertIsThatOf(latest == 3 ? 3 : 1, store.OpenBest());
        }
    }

    [Fact]
    public void The_last_verified_one_outlives_any_number_of_saves_that_fail()
    {
        Store().Save(1, Parts(1));
        for (var n = 0; n < 12; n++)
            Assert.Throws<EspalierException>(() =>
                new FaultyLayer(n, Fault.Full).During(() => new CheckpointStore(_folder.Path, keep: 1).Save(n + 2, Parts(n + 2))));
        AssertIsThatOf(1, Store().OpenLatest(_reports.Add));
        Assert.Empty(_reports);
    }

    [Fact]
    public void A_checkpoint_of_a_newer_format_is_refused_not_passed_over()
    {
        Store().Save(1, Parts(1));
        Directory.CreateDirectory(_folder.Of("step-2"));
        File.WriteAllBytes(_folder.Of("step-2", "manifest.json"),
            SealedJson.Bytes(new CheckpointManifest(2, 2, []), RecordJson.Of<CheckpointManifest>()));
        var error = Assert.Throws<EspalierException>(() => Store().OpenLatest());
        Assert.Contains("format_version 2 is newer than 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Saving_a_verified_step_again_leaves_it_as_it_is()
    {
        var store = Store();
        store.Save(1, Parts(1));
        AssertIsThatOf(1, store.Save(1, [CheckpointPart.FromBytes("weights", "other"u8.ToArray())]));
    }

    [Fact]
    public void An_error_of_a_background_save_surfaces_once_at_the_next_one()
    {
        using var saver = new BackgroundSaver(new FaultyLayer(2, Fault.Error).During(() => new CheckpointStore(_folder.Path)));
        saver.Save(1, Parts(1));
        Assert.Throws<EspalierException>(() => saver.Save(2, Parts(2)));
        saver.Save(3, Parts(3));
        AssertIsThatOf(3, saver.Wait());
        Assert.Null(saver.Wait());
    }

    [Fact]
    public void Disposing_a_background_saver_waits_for_the_save_and_lets_an_error_that_is_on_its_way_pass()
    {
        var saver = new BackgroundSaver(Store());
        saver.Save(7, Parts(7));
        saver.Dispose();
        AssertIsThatOf(7, Store().OpenLatest());

        saver = new BackgroundSaver(new FaultyLayer(0, Fault.Full).During(() => new CheckpointStore(_folder.Path)));
        saver.Save(8, Parts(8));
        Assert.Contains("No space left", saver.LetEnd()!.Message, StringComparison.Ordinal);
        Assert.Null(saver.LetEnd());

        saver = new BackgroundSaver(new FaultyLayer(0, Fault.Full).During(() => new CheckpointStore(_folder.Path)));
        saver.Save(9, Parts(9));
        saver.Dispose();
    }

    private string[] Folders() =>
        [.. Directory.GetDirectories(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    internal static bool Dies(Action act)
    {
        try
        {
            act();
            return false;
        }
        catch (DiedException)
        {
            return true;
        }
    }
}
