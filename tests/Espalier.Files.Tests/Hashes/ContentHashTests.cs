using Espalier.Files;
using Espalier.Tests;

namespace Espalier.Files.Tests.Hashes;

public sealed class SmallPartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_hash_is_the_known_one() =>
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ContentHash.OfText("abc"));

    [Fact]
    public void The_hash_of_a_folder_sees_names_contents_and_links_and_equals_that_of_its_facts()
    {
        Directory.CreateDirectory(_folder.Of("in"));
        File.WriteAllText(_folder.Of("b"), "1");
        File.WriteAllText(_folder.Of("in", "a"), "2");
        var hash = ContentHash.OfFolder(_folder.Path);
        Assert.Equal(hash, ContentHash.OfFacts([new("in/a", 1, ContentHash.OfText("2")), new("b", 1, ContentHash.OfText("1"))]));
        File.Move(_folder.Of("b"), _folder.Of("c"));
        Assert.NotEqual(hash, ContentHash.OfFolder(_folder.Path));
        File.Move(_folder.Of("c"), _folder.Of("b"));
        Assert.Equal(hash, ContentHash.OfFolder(_folder.Path));
        // A link to its own folder would never end if it were followed.
        Directory.CreateSymbolicLink(_folder.Of("loop"), _folder.Path);
        Assert.NotEqual(hash, ContentHash.OfFolder(_folder.Path));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("model/a.safetensors", true)]
    [InlineData("..a", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/../b", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("a//b", false)]
    [InlineData("a/", false)]
    [InlineData("a\\b", false)]
    [InlineData("a\0b", false)]
    public void A_name_stays_in_its_folder(string name, bool safe) => Assert.Equal(safe, FileFact.IsSafeName(name));

    [Fact]
    public void Too_little_space_is_refused_with_both_numbers()
    {
        DiskSpace.Require(_folder.Of("not", "yet"), 1, "a checkpoint");
        var error = Assert.Throws<EspalierException>(() => DiskSpace.Require(_folder.Of("not", "yet"), long.MaxValue, "two checkpoints"));
        Assert.Matches("two checkpoints need 9223372036.85 GB but only [0-9.]+ (GB|bytes) is free there; free ", error.Message);
    }
}
