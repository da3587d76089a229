using System.Security.Cryptography;
using System.Text;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Tests.Checkpoints;

/// <summary>
/// The hash of a model's weights: the same however they are read and wherever they lie, another one for every other weight.
/// </summary>
public sealed class WeightsHashTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("espalier-test-").FullName;

    private static string Golden => Fixtures.Golden("families", "llama-3.1");

    private string Copied => Path.Combine(_root, "copied");

    private string Weights => Path.Combine(Copied, CheckpointFolder.SingleFile);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void It_is_the_hash_of_a_line_for_each_parameter()
    {
        using var file = SafetensorsFile.Open(Path.Combine(Golden, CheckpointFolder.SingleFile));
        var lines = file.Entries.Values.OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry =>
                $"{entry.Name}\0F32\0{string.Join(',', entry.Shape)}\0"
                    + $"{Convert.ToHexStringLower(SHA256.HashData(file.ReadBytes(entry.Name)))}\n");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines)))), HashOf(Golden));
    }

    [Fact]
    public void Any_order_and_any_part_of_reading_gives_the_same()
    {
        var expected = HashOf(Golden);
        foreach (var seed in Enumerable.Range(1, 5))
        {
            var random = new Random(seed);
            using var checkpoint = Checkpoint.Open(Golden);
            checkpoint.HashWhatIsRead();
            var entries = checkpoint.Entries.Values.ToArray();
            // Pieces that begin anywhere, overlap, leave gaps and come twice.
            for (var piece = 0; piece < 200; piece++)
            {
                var entry = entries[random.Next(entries.Length)];
                var first = random.Next(3) == 0 ? 0 : random.NextInt64(entry.Elements);
                checkpoint.ReadFloat32(entry.Name, first, new float[random.NextInt64(entry.Elements - first) + 1]);
            }
            Assert.Equal(expected, checkpoint.WeightsHash());
            Assert.Equal(expected, checkpoint.WeightsHash());
        }
    }

    [Fact]
    public void Shards_hold_the_same_model_and_another_element_type_another_one()
    {
        using var golden = Checkpoint.Open(Golden);
        string Written(string name, ElementType type, long most)
        {
            var folder = Path.Combine(_root, name);
            CheckpointWriter.Write(folder, golden.Config, golden, type, golden, new() { MaxShardBytes = most });
            return HashOf(folder);
        }
        Assert.Equal(golden.WeightsHash(), Written("shards", ElementType.F32, 100_000));
        Assert.True(Directory.GetFiles(Path.Combine(_root, "shards"), "*.safetensors").Length > 2);
        Assert.NotEqual(golden.WeightsHash(), Written("half", ElementType.BF16, long.MaxValue));
    }

    [Fact]
    public void What_was_read_is_not_read_again_and_what_was_not_is()
    {
        CopyGolden();
        var expected = HashOf(Copied);
        using var checkpoint = Checkpoint.Open(Copied);
        checkpoint.HashWhatIsRead();
        const string last = "model.norm.weight";
        foreach (var name in checkpoint.Entries.Keys.Where(name => name != last))
            _ = checkpoint.ReadFloat32(name);
        // Only a second reading could see these.
        foreach (var entry in checkpoint.Entries.Values.Where(entry => entry.Name != last))
            Flip(entry, entry.ByteLength / 2);
        Assert.Equal(expected, checkpoint.WeightsHash());
        Assert.NotEqual(expected, HashOf(Copied));
    }

    [Fact]
    public void One_bit_of_any_parameter_changes_it()
    {
        CopyGolden();
        var expected = HashOf(Copied);
        using var checkpoint = Checkpoint.Open(Copied);
        foreach (var entry in checkpoint.Entries.Values)
        {
            Flip(entry, entry.ByteLength - 1);
            Assert.NotEqual(expected, HashOf(Copied));
            Flip(entry, entry.ByteLength - 1);
        }
        Assert.Equal(expected, HashOf(Copied));
    }

    [Fact]
    public void A_stopped_reading_ends()
    {
        using var checkpoint = Checkpoint.Open(Golden);
        Assert.Throws<OperationCanceledException>(() => checkpoint.WeightsHash(new(canceled: true)));
    }

    private static string HashOf(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return checkpoint.WeightsHash();
    }

    private void CopyGolden()
    {
        Directory.CreateDirectory(Copied);
        foreach (var name in (string[])[CheckpointFolder.ConfigFile, CheckpointFolder.SingleFile])
            File.Copy(Path.Combine(Golden, name), Path.Combine(Copied, name));
    }

    private void Flip(TensorEntry entry, long at)
    {
        using var stream = new FileStream(Weights, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Position = entry.Offset + at;
        var value = stream.ReadByte();
        stream.Position = entry.Offset + at;
        stream.WriteByte((byte)(value ^ 1));
    }
}
