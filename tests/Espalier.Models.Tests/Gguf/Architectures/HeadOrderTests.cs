using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Tests.Gguf.Architectures;

public sealed class HeadOrderTests
{
    [Fact]
    public void Halves_become_neighbours_within_each_head()
    {
        // Two heads of 6 rows, each row two numbers: its index and that plus a half.
        var source = Enumerable.Range(0, 12).SelectMany(r => new[] { r, r + 0.5f }).ToArray();
        var destination = new float[24];

        HeadOrder.Interleave(source, destination, headDim: 6, width: 2);

        Assert.Equal([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11], destination.Where((_, i) => i % 2 == 0));
        Assert.Equal([0.5f, 3.5f, 1.5f, 4.5f], destination.Where((_, i) => i % 2 == 1).Take(4));
    }
}
