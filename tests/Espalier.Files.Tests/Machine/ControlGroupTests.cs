using Espalier.Tests;

namespace Espalier.Files.Tests.Machine;

/// <summary>A container's memory is what its groups let it have, and not the machine's.</summary>
public sealed class ControlGroupTests : IDisposable
{
    private const long Machine = 24_684_096L * 1024, Free = 23_400_000L * 1024;

    private readonly TemporaryFolder _root = new();

    public ControlGroupTests() => Write("proc/meminfo", "MemTotal: 24684096 kB\nMemAvailable: 23400000 kB\n");

    [Fact]
    public void Without_groups_it_is_the_machines() => Assert.Equal(new(Machine, Free), MemoryInfo.Read(_root.Path));

    [Fact]
    public void A_group_of_the_second_version_counts_with_the_pages_that_it_can_give_back()
    {
        Write("proc/self/cgroup", "0::/job/step\n");
        Write("sys/fs/cgroup/job/step/memory.max", "8000000\n");
        Write("sys/fs/cgroup/job/step/memory.current", "5000000\n");
        Write("sys/fs/cgroup/job/step/memory.stat", "anon 1\ninactive_file 1500000\nactive_file 7\n");
        Assert.Equal(new(8_000_000, 4_500_000), MemoryInfo.Read(_root.Path));
    }

    [Fact]
    public void The_tightest_of_the_groups_above_counts()
    {
        Write("proc/self/cgroup", "0::/job/step\n");
        Write("sys/fs/cgroup/job/step/memory.max", "max\n");
        Write("sys/fs/cgroup/job/memory.max", "9000000\n");
        Write("sys/fs/cgroup/job/memory.current", "8000000\n");
        Write("sys/fs/cgroup/memory.max", "9500000\n");
        Write("sys/fs/cgroup/memory.current", "1\n");
        Assert.Equal(new(9_000_000, 1_000_000), MemoryInfo.Read(_root.Path));
    }

    [Fact]
    public void Inside_a_container_the_group_is_the_mount_itself()
    {
        Write("proc/self/cgroup", "0::/../../outside\n");
        Write("sys/fs/cgroup/memory.max", "7000000\n");
        Assert.Equal(new(7_000_000, 7_000_000), MemoryInfo.Read(_root.Path));
    }

    [Fact]
    public void A_group_of_the_first_version_counts_and_one_without_a_limit_does_not()
    {
        Write("proc/self/cgroup", "12:cpu,cpuacct:/a\n7:memory:/a\n1:name=systemd:/a\n");
        Write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "6000000\n");
        Write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "7000000\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Assert.Equal(new(6_000_000, 0), MemoryInfo.Read(_root.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense\n::\n0:\n")]
    [InlineData("0::/gone\n")]
    public void What_says_nothing_limits_nothing(string groups)
    {
        Write("proc/self/cgroup", groups);
        Write("sys/fs/cgroup/memory.max", "max\n");
        Assert.Equal(new(Machine, Free), MemoryInfo.Read(_root.Path));
    }

    [Fact]
    public void A_limit_beyond_the_machine_is_none()
    {
        Write("proc/self/cgroup", "0::/\n");
        Write("sys/fs/cgroup/memory.max", $"{2 * Machine}\n");
        Assert.Equal(new(Machine, Free), MemoryInfo.Read(_root.Path));
    }

    [Fact]
    public void It_can_be_read_here() => Assert.True(MemoryInfo.Read() is { Total: > 0, Available: > 0 });

    public void Dispose() => _root.Dispose();

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root.Of(name))!);
        File.WriteAllText(_root.Of(name), text);
    }
}
