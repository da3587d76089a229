using Espalier.Models.Generation.Sampling;

namespace Espalier.Models.Tests.Generation;

public sealed class TokenProbabilitiesTests
{
    [Fact]
    public void They_are_logarithms_of_the_softmax_likeliest_first()
    {
        double[] shares = [0.125, 0.5, 0.125, 0.25];
        var of = TokenProbabilities.Of([.. shares.Select(share => (float)(Math.Log(share) + 40))], 2, 3);
        Assert.Equal(2, of.Chosen.Id);
        Assert.Equal(Math.Log(0.125), of.Chosen.LogProbability, 4e-6);
        Assert.Equal([1, 3, 0], of.Likeliest.Select(one => one.Id));
        // Half a unit of float32 at 40 is 1.9e-6.
        Assert.All(of.Likeliest, one => Assert.Equal(Math.Log(shares[one.Id]), one.LogProbability, 4e-6));
        Assert.Empty(TokenProbabilities.Of([1, 2], 0, 0).Likeliest);
        Assert.Equal(2, TokenProbabilities.Of([1, 2], 0, 9).Likeliest.Count);
    }
}
