using Espalier.Evaluation.Sampling;

namespace Espalier.Evaluation.Tests;

/// <summary>Equation 1 of arXiv 2107.03374 against counting.</summary>
public sealed class PassAtKTests
{
    [Fact]
    public void It_is_the_share_of_draws_of_which_one_passes()
    {
        for (var n = 1; n <= 7; n++)
            for (var c = 0; c <= n; c++)
                for (var k = 1; k <= n; k++)
                {
                    var draws = Enumerable.Range(0, 1 << n).Where(draw => int.PopCount(draw) == k).ToArray();
                    // The first c samples are those that pass.
                    var share = draws.Count(draw => (draw & ((1 << c) - 1)) != 0) / (double)draws.Length;
                    Assert.Equal(share, PassAtK.Of(n, c, k), 1e-12);
                }
        Assert.Equal(1 - (0.99 * 0.989899 * 0.989796), PassAtK.Of(100, 1, 3), 1e-5);
        Assert.Throws<ArgumentOutOfRangeException>(() => PassAtK.Of(2, 1, 3));
    }
}
