using Espalier.Pipeline.Runs.Logs;

namespace Espalier.Tests.Runs;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string LogPath => _folder.Of("metrics.jsonl");

    public void Dispose() => _folder.Dispose();

    private MetricsLog Open(long? afterStep) => MetricsLog.Open(LogPath, afterStep);

    [Fact]
    public void Numbers_are_written_so_that_they_read_back_with_the_same_bits()
    {
        using (var log = Open(null))
        {
            log.Append(1, ("loss", 0.1 + 0.2), ("learning_rate", 1e-3), ("tokens", 4096L), ("note", "\"ä\""));
            log.Append(2, ("loss", double.NaN), ("norm", double.PositiveInfinity), ("small", float.NegativeInfinity), ("none", null));
        }
        Assert.Equal(
            "{\"step\":1,\"loss\":0.30000000000000004,\"learning_rate\":0.001,\"tokens\":4096,\"note\":\"\\u0022\\u00E4\\u0022\"}\n"
            + "{\"step\":2,\"loss\":\"NaN\",\"norm\":\"Infinity\",\"small\":\"-Infinity\",\"none\":null}\n",
            File.ReadAllText(LogPath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"step\":3,\"loss\":3}\n")]
    [InlineData("{\"step\":3,\"loss\":3}\n{\"step\":4,\"lo")]
    [InlineData("{\"step\":3,\"loss\":3}\n\0\0\0\0\0\0")]
    [InlineData("\0\0\0\n\0\0")]
    public void After_a_resume_the_log_goes_on_as_if_nothing_had_happened(string tail)
    {
        const string kept = "{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":2}\n{\"step\":2,\"held_out\":2}\n";
        File.WriteAllText(LogPath, kept + tail);
        using (var log = Open(2))
            log.Append(3, ("loss", 3));
        Assert.Equal(kept + "{\"step\":3,\"loss\":3}\n", File.ReadAllText(LogPath));
    }

    [Fact]
    public void Without_a_checkpoint_the_log_starts_empty()
    {
        File.WriteAllText(LogPath, "{\"step\":0,\"loss\":1}\n");
        Open(null).Dispose();
        Assert.Equal(0, new FileInfo(LogPath).Length);
    }

    [Fact]
    public void A_damaged_line_in_the_part_that_stays_is_refused_with_its_number()
    {
        Damaged("{\"stepp\":2}");
        Damaged("{\"\\ud83d\":2}");
    }

    private void Damaged(string line)
    {
        File.WriteAllText(LogPath, $"{{\"step\":1}}\n{line}\n{{\"step\":3}}\n");
        Assert.Contains("line 2", Assert.Throws<EspalierException>(() => Open(3)).Message, StringComparison.Ordinal);
        Assert.Throws<EspalierException>(() => MetricsLines.Read(LogPath).ToList());
    }

    [Fact]
    public void A_reader_sees_whole_lines_while_the_log_is_written()
    {
        using var log = Open(null);
        log.Append(1, ("loss", 2.5));
        File.OpenRead(LogPath).Dispose();
        var (step, fields) = Assert.Single(MetricsLines.Read(LogPath));
        Assert.Equal((1L, 2.5), (step, fields["loss"]!.GetValue<double>()));
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Append(0));
        Assert.Empty(MetricsLines.Read(_folder.Of("none")));
    }

    [Fact]
    public void Readers_beside_a_writer_never_see_half_a_line_as_data()
    {
        using var log = Open(null);
        var steps = LongRun.Times(300, 5000);
        var text = new string('x', 5000);
        var writer = new Thread(() =>
        {
            for (var step = 1; step <= steps; step++)
                log.Append(step, ("text", text), ("loss", step / 3.0));
        });
        writer.Start();
        int seen, earlier = 0;
        do
        {
            seen = 0;
            foreach (var (step, fields) in MetricsLines.Read(LogPath))
            {
                Assert.Equal(++seen, step);
                Assert.Equal((text, step / 3.0), (fields["text"]!.GetValue<string>(), fields["loss"]!.GetValue<double>()));
            }
            Assert.True(seen >= earlier, $"{seen} lines after {earlier}");
            earlier = seen;
        }
        while (seen < steps && (writer.IsAlive || MetricsLines.Read(LogPath).Count() == steps));
        writer.Join();
        Assert.Equal(steps, MetricsLines.Read(LogPath).Count());
    }

    [Fact]
    public void A_log_that_is_a_link_is_refused()
    {
        File.WriteAllText(_folder.Of("precious"), "x");
        File.CreateSymbolicLink(LogPath, _folder.Of("precious"));
        Assert.Throws<IOException>(() => Open(null));
        Assert.Equal("x", File.ReadAllText(_folder.Of("precious")));
    }

    [Fact]
    public void A_full_disk_is_a_clear_failure()
    {
        using var log = new FaultyLayer(2, Fault.Full).During(() => MetricsLog.Open(LogPath, null));
        Assert.Equal(1, Assert.Throws<EspalierException>(() => log.Append(1, ("loss", 1))).ExitCode);
    }
}
