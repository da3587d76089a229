using Espalier.Cli.Machine;

namespace Espalier.Cli.Tests.Machine;

public sealed class DiskSpeedTests
{
    [Fact]
    public void Measuring_the_disk_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        var disk = DiskSpeed.Measure(folder.Path, 8 << 20);
        Assert.True(disk.WriteBytesPerSecond > 0 && disk.ReadBytesPerSecond > 0 && disk.Free > 0);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_named() =>
        Assert.Contains("/proc/sys", Assert.Throws<EspalierException>(() => DiskSpeed.Measure("/proc/sys", 1)).Message);
}
