using Espalier.Compression.Training.Saving;
using Espalier.Tests;
using static Espalier.Compression.Tests.Training.Saving.CheckpointStoreTests;

namespace Espalier.Compression.Tests.Training.Saving;

/// <summary>Checkpoints that the disk gives back otherwise than they were written.</summary>
public sealed class CheckpointDamageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _reports = [];

    public void Dispose() => _folder.Dispose();

    private CheckpointStore Store() => new(_folder.Path);

    [Fact]
    public void Any_flipped_bit_in_any_file_is_found_and_the_older_one_taken()
    {
        var store = Store();
        store.Save(1, Parts(1));
        store.Save(2, Parts(2));
        foreach (var file in Directory.GetFiles(_folder.Of("step-2")))
        {
            var bytes = File.ReadAllBytes(file);
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                File.WriteAllBytes(file, bytes);
                Assert.True(store.OpenLatest(_reports.Add)?.Step == 1, $"{file}, bit {bit}");
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
            Assert.Equal(bytes.Length * 8, _reports.Count);
            _reports.Clear();
            File.WriteAllBytes(file, bytes);
        }
        AssertIsThatOf(2, store.OpenLatest());
    }

    [Theory]
    [InlineData("missing", "weights is missing")]
    [InlineData("cut", "weights has 3 bytes instead of 21")]
    [InlineData("swapped", "weights has ")]
    [InlineData("link", "weights is a symbolic link")]
    [InlineData("renamed", "its manifest belongs to step 2")]
    [InlineData("empty-manifest", "manifest.json has 0 bytes")]
    [InlineData("no-manifest", "manifest.json is missing")]
    public void Damage_is_named_and_the_older_one_taken(string damage, string words)
    {
        var store = Store();
        store.Save(1, Parts(1));
        store.Save(2, Parts(2));
        var (weights, optimizer, manifest) =
            (_folder.Of("step-2", "weights"), _folder.Of("step-2", "optimizer"), _folder.Of("step-2", "manifest.json"));
        switch (damage)
        {
            case "missing": File.Delete(weights); break;
            case "cut": File.WriteAllText(weights, "wei"); break;
            case "swapped":
                var kept = File.ReadAllBytes(weights);
                File.Move(optimizer, weights, true);
                File.WriteAllBytes(optimizer, kept);
                break;
            case "link": File.Move(weights, _folder.Of("elsewhere")); File.CreateSymbolicLink(weights, _folder.Of("elsewhere")); break;
            case "renamed": Directory.Move(_folder.Of("step-2"), _folder.Of("step-3")); break;
            case "empty-manifest": File.WriteAllText(manifest, ""); break;
            case "no-manifest": File.Delete(manifest); break;
        }
        AssertIsThatOf(1, Store().OpenLatest(_reports.Add));
        Assert.Contains(words, Assert.Single(_reports), StringComparison.Ordinal);

        // The damaged one is replaced by the next save, and the last verified one outlives that.
        store = Store();
        store.Save(2, Parts(2));
        Assert.Equal(["step-1", "step-2"], Directory.GetDirectories(_folder.Path).Select(Path.GetFileName).Order());
        AssertIsThatOf(2, Store().OpenLatest());
    }

    [Fact]
    public void Random_flips_cuts_and_exchanges_in_a_large_checkpoint_are_found_and_the_older_one_taken()
    {
        var random = new Random(20261122);
        CheckpointPart[] Large(long step) =>
        [
            CheckpointPart.FromBytes("weights", Bytes(step, 40_000)),
            CheckpointPart.FromBytes("optimizer", Bytes(step + 100, 80_000)),
        ];
        static byte[] Bytes(long seed, int count)
        {
            var bytes = new byte[count];
            new Random((int)seed).NextBytes(bytes);
            return bytes;
        }
        var store = Store();
        store.Save(1, Large(1));
        store.Save(2, Large(2));
        var originals = Directory.GetFiles(_folder.Of("step-2")).ToDictionary(file => file, File.ReadAllBytes);
        var files = originals.Keys.Order(StringComparer.Ordinal).ToArray();
        for (var i = 0; i < LongRun.Times(300, 10_000); i++)
        {
            var file = files[random.Next(files.Length)];
            var bytes = (byte[])originals[file].Clone();
            var bit = random.Next(bytes.Length * 8);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            if (i % 10 == 9)
                bytes = originals[file][..random.Next(bytes.Length)];
            if (i % 50 == 49)
                bytes = originals[files[(Array.IndexOf(files, file) + 1) % files.Length]];
            File.WriteAllBytes(file, bytes);
            Assert.True(store.OpenLatest()?.Step == 1, $"{file}, round {i}, bit {bit}");
            File.WriteAllBytes(file, originals[file]);
        }
        Assert.Equal(2, store.OpenLatest()?.Step);
    }
}
