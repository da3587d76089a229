using System.Text;
using Espalier.Pipeline.Runs.Logs;

namespace Espalier.Tests.Runs;

public sealed class TensorBoardLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _reports = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", 0x00000000)]
    [InlineData("123456789", 0xe3069283)]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0x8a9136aa)]
    [InlineData("\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\v\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f", 0x46dd794e)]
    public void Crc32c_gives_the_known_answers(string text, uint crc)
    {
        Assert.Equal(crc, EventRecord.Crc(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(crc, EventFile.Crc32C(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void A_file_begins_with_its_version_and_the_start_step_and_holds_the_scalars()
    {
        using (var log = Open(startStep: 1, seconds: 1_700_000_000.5))
        {
            log.Append(1, ("loss", 2.5), ("gradient_norm", 1e-3));
            log.Append(300, ("loss", double.NaN));
        }
        Assert.Equal(["events.out.tfevents.1700000000.espalier"], _folder.Files());
        var events = EventFile.Read(_folder.Of("events.out.tfevents.1700000000.espalier"));
        Assert.All(events, e => Assert.Equal(1_700_000_000.5, e.WallTime));
        Assert.Equal(("brain.Event:2", 0L), (events[0].Version, events[0].Step));
        Assert.Equal((1, 1L), (events[1].SessionStatus!.Value, events[1].Step));
        Assert.Equal(1, events[2].Step);
        Assert.Equal((2.5f, 1e-3f), (events[2].Scalars["loss"], events[2].Scalars["gradient_norm"]));
        Assert.Equal((300, true), (events[3].Step, float.IsNaN(events[3].Scalars["loss"])));
        Assert.Equal(4, events.Count);
    }

    [Fact]
    public void Without_a_scalar_there_is_no_file()
    {
        Open(1, 0).Dispose();
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public void Every_start_has_a_new_file_that_comes_after_the_earlier_ones_though_the_clock_went_back()
    {
        foreach (var (step, seconds) in new[] { (1, 1_700_000_000.0), (5, 1_700_000_000), (9, 1_600_000_000) })
            using (var log = Open(step, seconds))
                log.Append(step, ("loss", step));
        var files = _folder.Files();
        Assert.Equal(3, files.Length);
        Assert.Equal([1L, 5, 9], files.Order(StringComparer.Ordinal).Select(file => EventFile.Read(_folder.Of(file))[1].Step));
    }

    [Fact]
    public void A_record_can_be_read_as_soon_as_it_was_added()
    {
        using var log = Open(1, 0);
        for (var step = 1; step <= 3; step++)
        {
            log.Append(step, ("loss", step));
            Assert.Equal(step, EventFile.Read(_folder.Of(_folder.Files().Single()))[^1].Step);
        }
    }

    [Theory]
    [InlineData(Fault.Full)]
    [InlineData(Fault.Error)]
    public void A_disk_that_refuses_costs_one_warning_and_no_exception(Fault fault)
    {
        for (var n = 0; n < 5; n++)
        {
            _reports.Clear();
            using var folder = new TemporaryFolder();
            using var log = new FaultyLayer(n, fault).During(() => new TensorBoardLog(folder.Of("tensorboard"), 1, _reports.Add));
            for (var step = 1; step < 5; step++)
                log.Append(step, ("loss", step));
            Assert.Contains("training continues without them", Assert.Single(_reports), StringComparison.Ordinal);
        }
    }

    private TensorBoardLog Open(long startStep, double seconds) => new(_folder.Path, startStep, _reports.Add, new FixedTime(seconds));

    private sealed class FixedTime(double seconds) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(seconds);
    }
}
