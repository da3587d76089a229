using Espalier.Compression.Training.Speeds;

namespace Espalier.Compression.Tests.Training.Speeds;

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
    [InlineData(11, 256, 6)]
    [InlineData(22, 256, 8)]
    [InlineData(127, 128, 16)]
    public void Passes_in_bfloat16_are_few_and_alike(int batch, int sequence, int windows) =>
        Assert.Equal(windows, PassSize.Of(batch, sequence, ComputeType.Bfloat16));

    [Theory]
    [InlineData(8, 256, 2)]
    [InlineData(2, 256, 0)]
    [InlineData(3, 256, 2)]
    [InlineData(9, 100, 5)]
    [InlineData(8, 512, 1)]
    [InlineData(4, 2048, 1)]
    [InlineData(1, 4096, 0)]
    [InlineData(4096, 1, 512)]
    [InlineData(127, 128, 4)]
    public void Passes_in_float32_have_fewer_positions(int batch, int sequence, int windows) =>
        Assert.Equal(windows, PassSize.Of(batch, sequence, ComputeType.Float32));

    [Fact]
    public void No_pass_is_above_the_bound_but_for_one_window_and_none_could_be_spared()
    {
        for (var batch = 1; batch <= 64; batch++)
            foreach (var sequence in new[] { 1, 16, 100, 256, 1000, 1024, 2048, 5000 })
            {
                var windows = PassSize.Of(batch, sequence, ComputeType.Float32) is > 0 and var part ? part : batch;
                var passes = (batch + windows - 1) / windows;
                Assert.True(windows == 1 || windows * sequence <= PassSize.Positions, $"{batch} x {sequence}: {windows}");
                Assert.True(passes == 1
                    || (passes - 1) * Math.Max(1, PassSize.Positions / sequence) < batch, $"{batch} x {sequence}: {passes} passes");
            }
    }
}
