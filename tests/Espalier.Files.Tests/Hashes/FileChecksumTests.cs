using Espalier.Files;
using Espalier.Tests;

namespace Espalier.Files.Tests.Hashes;

public sealed class FileChecksumTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Values of xxHash's own test programs, with seed 0.
    [Theory]
    [InlineData("", "99aa06d3014798d86001c324468d497f")]
    [InlineData("abc", "06b05ab6733a618578af5f94892f3950")]
    public void A_sum_is_the_known_one(string text, string expected)
    {
        var stated = DurableFiles.OnDisk.WriteNew(_folder.Of("a"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
        Assert.Equal(new FileChecksum("a", text.Length) { Xxh128 = expected }, stated);
    }

    [Fact]
    public void A_sum_is_the_same_however_the_bytes_come()
    {
        var bytes = new byte[(3 << 20) + 17];
        new Random(7).NextBytes(bytes);
        var whole = DurableFiles.OnDisk.WriteNew(_folder.Of("a"), stream => stream.Write(bytes, 0, bytes.Length));
        File.Delete(_folder.Of("a"));
        var pieces = DurableFiles.OnDisk.WriteNew(_folder.Of("a"), stream =>
        {
            for (var first = 0; first < bytes.Length; first += 100_001)
                stream.Write(bytes.AsSpan(first, Math.Min(100_001, bytes.Length - first)));
        });
        Assert.Equal(whole, pieces);
        Assert.Null(whole.Problem(_folder.Path, hash: true, fromDisk: true));
        Assert.Equal(bytes, File.ReadAllBytes(_folder.Of("a")));
    }

    [Fact]
    public void One_bit_of_three_megabytes_is_found_and_the_size_before_it()
    {
        var bytes = new byte[3 << 20];
        var stated = DurableFiles.OnDisk.WriteNew(_folder.Of("a"), stream => stream.Write(bytes));
        bytes[2_000_000] = 1;
        File.WriteAllBytes(_folder.Of("a"), bytes);
        Assert.StartsWith("a has the hash ", stated.Problem(_folder.Path, hash: true));
        Assert.Null(stated.Problem(_folder.Path, hash: false));
        File.WriteAllBytes(_folder.Of("a"), bytes[..^1]);
        Assert.Equal("a has 3145727 bytes instead of 3145728", stated.Problem(_folder.Path, hash: false));
    }

    [Fact]
    public void What_was_stated_before_there_were_sums_is_checked_by_its_hash_and_nothing_stated_is_a_problem()
    {
        File.WriteAllText(_folder.Of("a"), "abc");
        var old = new FileChecksum("a", 3) { Sha256 = ContentHash.OfText("abc") };
        Assert.Null(old.Problem(_folder.Path, hash: true));
        Assert.NotNull((old with { Sha256 = ContentHash.OfText("abd") }).Problem(_folder.Path, hash: true));
        Assert.Equal("there is no checksum for a", new FileChecksum("a", 3).Problem(_folder.Path, hash: true));
        Assert.Equal("the name \"../a\" points outside the folder",
            (old with { Name = "../a", Xxh128 = new('0', 32) }).Problem(_folder.Path, hash: true));
    }
}
