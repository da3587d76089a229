using Espalier.Cli.Machine;

namespace Espalier.Cli.Tests.Machine;

public sealed class ParsingTests
{
    [Fact]
    public void Graphics_processors_are_read_from_the_driver()
    {
        using var root = new TemporaryFolder();
        Assert.Empty(GpuInfo.Read(root.Path));

        var device = Directory.CreateDirectory(Path.Combine(root.Path, "dev"));
        foreach (var name in (string[])["nvidia0", "nvidiactl", "nvidia-uvm"])
            File.WriteAllText(Path.Combine(device.FullName, name), "");
        Assert.Equal(["nvidia0"], GpuInfo.Read(root.Path));

        var gpu = Directory.CreateDirectory(Path.Combine(root.Path, "proc/driver/nvidia/gpus/0000:01:00.0"));
        File.WriteAllText(Path.Combine(gpu.FullName, "information"), "Model: \t\t NVIDIA H200\nIRQ: 1\n");
        Assert.Equal(["NVIDIA H200"], GpuInfo.Read(root.Path));
    }

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
