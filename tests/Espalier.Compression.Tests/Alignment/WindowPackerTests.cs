using Espalier.Compression.Alignment.Packing;

namespace Espalier.Compression.Tests.Alignment;

public sealed class WindowPackerTests
{
    [Fact]
    public void An_item_goes_where_it_leaves_the_least_room()
    {
        Assert.Equal([[6, 4], [7, 3], [5]],
            Pack(10, [6, 7, 3, 5, 4]).OrderByDescending(window => window.Sum()).ThenBy(window => window[0]));
    }

    [Fact]
    public void Every_item_is_packed_once_and_no_window_is_too_full()
    {
        var random = new Random(3);
        int[] items = [.. Enumerable.Range(0, 5000).Select(_ => random.Next(1, 101))];
        var windows = Pack(100, items);

        Assert.Equal(items.Order(), windows.SelectMany(window => window).Order());
        Assert.All(windows, window => Assert.InRange(window.Sum(), 1, 100));
        // Best fit of such items wastes little.
        Assert.True(windows.Count * 100.0 < 1.08 * items.Sum(), $"{windows.Count} windows for {items.Sum()} tokens");
    }

    [Fact]
    public void The_same_items_make_the_same_windows()
    {
        var random = new Random(5);
        int[] items = [.. Enumerable.Range(0, 1000).Select(_ => random.Next(1, 60))];

        Assert.Equal(Pack(100, items), Pack(100, items));
    }

    [Fact]
    public void An_item_longer_than_a_window_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Pack(10, [11]));

    private static List<int[]> Pack(int length, IEnumerable<int> items)
    {
        var windows = new List<int[]>();
        var packer = new WindowPacker<int>(length, static item => item, window => windows.Add([.. window]));
        foreach (var item in items)
            packer.Add(item);
        packer.Finish();
        return windows;
    }
}
