using Espalier.Files;

namespace Espalier.Files.Tests.Caches;

/// <summary>A hash that is remembered is that of the file, and of no other one that took its place.</summary>
public sealed class HashCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-").FullName;

    private string Weights => Path.Combine(_folder, "model.safetensors");

    private string Cache => Path.Combine(_folder, "cache", "hashes.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_that_did_not_change_is_not_read_again()
    {
        File.WriteAllText(Weights, "weights");
        var cache = Later();
        var hash = cache.OfFile(Weights);
        Assert.Equal(ContentHash.OfFile(Weights), hash);
        // That the cache answers shows where it is made to lie, by its own writer: a changed file is not believed.
        var lie = new string('0', 64);
        var file = new CacheFile<KnownHash>(Cache, RecordJson.Of<KnownHash[]>());
        file.Write([.. file.Read().Select(known => known with { Sha256 = lie })]);
        Assert.Equal(lie, cache.OfFile(Weights));
        File.WriteAllText(Cache, File.ReadAllText(Cache).Replace(lie, new string('1', 64), StringComparison.Ordinal));
        Assert.Equal(hash, cache.OfFile(Weights));
    }

    [Fact]
    public void Other_content_of_the_same_size_and_time_is_read()
    {
        File.WriteAllText(Weights, "weights");
        var cache = Later();
        _ = cache.OfFile(Weights);
        var time = File.GetLastWriteTimeUtc(Weights);
        File.WriteAllText(Weights, "WEIGHTS");
        File.SetLastWriteTimeUtc(Weights, time);
        Assert.Equal(ContentHash.OfFile(Weights), cache.OfFile(Weights));

        var other = Path.Combine(_folder, "other");
        File.WriteAllText(other, "wEiGhTs");
        File.SetLastWriteTimeUtc(other, time);
        File.Move(other, Weights, overwrite: true);
        Assert.Equal(ContentHash.OfFile(Weights), cache.OfFile(Weights));
    }

    [Fact]
    public void A_file_that_has_just_changed_is_not_remembered_and_neither_is_a_small_one()
    {
        File.WriteAllText(Weights, "weights");
        _ = new HashCache(Cache, TimeProvider.System, least: 1).OfFile(Weights);
        Assert.False(File.Exists(Cache));
        _ = new HashCache(Cache, new Clock(), least: 8).OfFile(Weights);
        Assert.False(File.Exists(Cache));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[{\"path\":")]
    [InlineData("{}")]
    [InlineData("[null]")]
    public void A_broken_cache_is_no_cache(string text)
    {
        File.WriteAllText(Weights, "weights");
        Directory.CreateDirectory(Path.GetDirectoryName(Cache)!);
        File.WriteAllText(Cache, text);
        Assert.Equal(ContentHash.OfFile(Weights), Later().OfFile(Weights));
    }

    [Fact]
    public void A_cache_that_cannot_be_written_changes_nothing()
    {
        File.WriteAllText(Weights, "weights");
        File.WriteAllText(Path.GetDirectoryName(Cache)!, "a file where the folder would be");
        Assert.Equal(ContentHash.OfFile(Weights), Later().OfFile(Weights));
    }

    private HashCache Later() => new(Cache, new Clock(), least: 1);

    /// <summary>A minute from now.</summary>
    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddMinutes(1);
    }
}
