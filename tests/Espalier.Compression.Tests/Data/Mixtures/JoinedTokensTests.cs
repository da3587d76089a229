using Espalier.Compression.Data.Mixtures;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Data.Mixtures;

public sealed class JoinedTokensTests
{
    [Fact]
    public void Windows_of_the_whole_are_the_windows_of_the_rows()
    {
        // 13, 8 and 4 ids in windows of 4: 3, 2 and 1.
        int[][] rows = [[.. Enumerable.Range(0, 13)], [.. Enumerable.Range(100, 8)], [.. Enumerable.Range(200, 4)]];
        var joined = new JoinedTokens("all", [.. rows.Select(Row)], window: 4);
        Assert.Equal(24, joined.Count);
        Assert.Equal([12L, 8L, 4L], joined.Counts);
        int[] expected = [.. rows[0][..12], .. rows[1], .. rows[2]];
        for (var first = 0; first < expected.Length; first++)
            for (var count = 1; first + count <= expected.Length; count++)
            {
                var (ids, wide) = (new int[count], new long[count]);
                joined.Read(first, ids);
                joined.Read(first, wide);
                Assert.Equal(expected[first..(first + count)], ids);
                Assert.Equal(ids.Select(id => (long)id), wide);
            }
    }

    [Fact]
    public void Ids_beyond_the_end_and_rows_below_a_window_are_refused()
    {
        var joined = new JoinedTokens("all", [Row([1, 2, 3, 4])], window: 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => joined.Read(3, new int[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => joined.Read(-1, new long[1]));
        var error = Assert.Throws<EspalierException>(() => new JoinedTokens("all", [Row([1, 2, 3, 4]), Row([5])], window: 2));
        Assert.Contains("1 token is fewer than one window of 2", error.Message, StringComparison.Ordinal);
    }

    private static ITokens Row(int[] ids) => TokenIds.Parse(string.Join(',', ids), 1000);
}
