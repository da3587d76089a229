using Espalier.Compression.Training.Saving;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training.Saving;

/// <summary>What was written is held against what the disk has, when and how far.</summary>
public sealed class CheckpointReadBackTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _reports = [];

    public void Dispose() => _folder.Dispose();

    private CheckpointStore Store(int keep = 2) => new(_folder.Path, keep);

    private static CheckpointPart[] Parts(long step) => CheckpointStoreTests.Parts(step);

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void What_the_disk_changed_is_found_before_the_only_other_one_or_the_former_best_goes(int keep, bool best)
    {
        var store = Store(keep);
        store.Save(1, Parts(1), best);
        if (best)
            store.Save(2, Parts(2));
        store.BeforePublish = () => Damage("step-9.tmp");
        var error = Assert.Throws<EspalierException>(() => store.Save(9, Parts(9), best));
        Assert.Contains("reading back what was written, weights has the hash ", error.Message, StringComparison.Ordinal);
        // The one that was just saved has a name, and is none to go on from.
        Assert.Contains(best ? "step-2 is intact" : "step-1 is intact", error.Message, StringComparison.Ordinal);
        Assert.Equal(best ? 2 : 1, store.LatestIntact());
        CheckpointStoreTests.AssertIsThatOf(best ? 2 : 1, Store().OpenLatest(_reports.Add));
        Assert.Contains("step-1", Folders());
    }

    [Fact]
    public void What_the_disk_changed_is_found_at_the_next_save_and_a_whole_one_stays_beside_it()
    {
        var store = Store();
        foreach (var step in new[] { 1L, 2 })
            store.Save(step, Parts(step));
        store.BeforePublish = () => Damage("step-3.tmp");
        store.Save(3, Parts(3));
        Assert.Equal(["step-2", "step-3"], Folders());
        store.BeforePublish = null;
        store.Save(4, Parts(4));
        Assert.Equal(["step-2", "step-4"], Folders());

        // Where no other is whole, the one just saved is read before they go.
        foreach (var step in new[] { 2, 4 })
            Damage($"step-{step}");
        store = Store();
        store.Save(5, Parts(5));
        Assert.Equal(["step-5"], Folders());
        CheckpointStoreTests.AssertIsThatOf(5, Store().OpenLatest());
    }

    [Fact]
    public void Fewer_bytes_than_were_written_are_found_before_a_checkpoint_has_its_name()
    {
        var layer = new FaultyLayer(int.MaxValue, Fault.Kill);
        var store = layer.During(() => new CheckpointStore(_folder.Path));
        var error = Assert.Throws<EspalierException>(() => store.Save(1,
        [
            .. Parts(1),
            new("cuts", _ => File.WriteAllText(_folder.Of("step-1.tmp", "weights"), "wei")),
        ]));
        Assert.Contains("weights has 3 bytes instead of ", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public void A_file_of_small_and_large_pieces_has_the_hash_of_its_bytes()
    {
        var bytes = new byte[(17 << 20) + 3];
        new Random(1).NextBytes(bytes);
        var fact = DurableFiles.OnDisk.WriteFile(_folder.Of("file"), stream =>
        {
            stream.Write(bytes.AsSpan(0, 5));
            stream.Write(bytes, 5, 9 << 20);
            stream.Write(bytes.AsSpan(5 + (9 << 20), 100_000));
            stream.Write(bytes, 100_005 + (9 << 20), bytes.Length - 100_005 - (9 << 20));
        });
        Assert.Equal(new("file", bytes.Length, ContentHash.OfBytes(bytes)), fact);
        Assert.Equal(bytes, File.ReadAllBytes(_folder.Of("file")));
        // A disk that refuses in the midst is what the caller hears, not the hash.
        var full = new DurableFiles(new FaultyLayer(2, Fault.Full));
        Assert.Contains("No space left", Assert.Throws<IOException>(() => full.WriteFile(_folder.Of("other"), stream =>
        {
            stream.Write(bytes, 0, 2 << 20);
            stream.Write(bytes, 0, 2 << 20);
        })).Message, StringComparison.Ordinal);
    }

    private string[] Folders() =>
        [.. Directory.GetDirectories(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private void Damage(string folder)
    {
        var bytes = File.ReadAllBytes(_folder.Of(folder, "weights"));
        bytes[3] ^= 1;
        File.WriteAllBytes(_folder.Of(folder, "weights"), bytes);
    }
}
