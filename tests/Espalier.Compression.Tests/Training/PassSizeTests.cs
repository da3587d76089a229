using Espalier.Compression.Training;

namespace Espalier.Compression.Tests.Training;

public sealed class PassSizeTests
{
    [Theory]
    [InlineData(8, 256, 0)]
    [InlineData(8, 512, 4)]
    [InlineData(32, 256, 8)]
    [InlineData(12, 256, 6)]
    [InlineData(9, 512, 3)]
    [InlineData(1152, 8192, 1)]
    [InlineData(4, 2048, 1)]
    [InlineData(3, 1500, 1)]
    [InlineData(1, 4096, 0)]
    [InlineData(1, 1, 0)]
    [InlineData(4096, 1, 2048)]
    // Eleven windows have no divisor but one and themselves, and one is too little.
    [InlineData(11, 256, 0)]
    [InlineData(22, 256, 11)]
    public void A_pass_is_the_largest_part_of_the_batch_that_is_not_too_large(int batch, int sequence, int windows) =>
        Assert.Equal(windows, PassSize.Of(batch, sequence));

    [Fact]
    public void Every_pass_divides_its_batch_and_none_is_as_small_as_half_without_need()
    {
        for (var batch = 1; batch <= 64; batch++)
            foreach (var sequence in new[] { 1, 16, 100, 256, 1000, 1024, 2048, 5000 })
            {
                var windows = PassSize.Of(batch, sequence) is > 0 and var part ? part : batch;
                Assert.Equal(0, batch % windows);
                Assert.True(windows == batch || windows * sequence >= PassSize.Positions / 2, $"{batch} x {sequence}: {windows}");
                // Beyond the bound only where everything smaller is too small.
                if (windows * sequence > PassSize.Positions)
                    Assert.DoesNotContain(Enumerable.Range(1, windows - 1), smaller => batch % smaller == 0 && smaller * sequence >= PassSize.Positions / 2);
            }
    }
}
