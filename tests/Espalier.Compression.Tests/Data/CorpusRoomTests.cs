using Espalier.Compression.Data;

namespace Espalier.Compression.Tests.Data;

/// <summary>Whether what is read will fit on the disk, by hand.</summary>
public sealed class CorpusRoomTests
{
    private const long Mega = 1 << 20;

    [Theory]
    // 64 MB of 6400 made 32 MB: all would make 3200 and 3168 are still to come.
    [InlineData(null, 3168, false)]
    [InlineData(null, 3167, true)]
    // Of a budget of 100 MB 68 are still to come.
    [InlineData(100, 68, false)]
    [InlineData(100, 67, true)]
    [InlineData(5000, 3167, true)]
    public void What_is_still_to_come_is_held_against_what_is_free(int? budget, int free, bool refuses)
    {
        var problem = new CorpusRoom("/disk", "books", budget * Mega).Problem(64 * Mega, 6400 * Mega, 32 * Mega, free * Mega);
        Assert.Equal(refuses, problem is not null);
        if (refuses && budget is null)
            Assert.StartsWith("books: 64 MiB of 6.25 GiB made 32 MiB of tokens, so all of it would need about 3.1", problem);
    }

    [Fact]
    public void Nothing_is_looked_at_before_enough_was_read() =>
        new CorpusRoom(Path.GetTempPath(), "books", null).Look(CorpusRoom.First - 1, long.MaxValue, long.MaxValue / 2);

    [Fact]
    public void A_disk_that_is_too_small_is_refused_where_it_is_seen() => Assert.Contains("give the source a budget",
        Assert.Throws<EspalierException>(() => new CorpusRoom(Path.GetTempPath(), "books", null)
            .Look(CorpusRoom.First, long.MaxValue, CorpusRoom.First)).Message);
}
