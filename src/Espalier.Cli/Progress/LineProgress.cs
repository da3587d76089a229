using Espalier.Compression;
using Espalier.Files;

namespace Espalier.Cli.Progress;

/// <summary>
/// One line at every tenth of a task, but not more than one a second, and one after ten seconds without; and one at the
/// end of whatever took a second.
/// </summary>
internal sealed class LineProgress(TextWriter output, TimeProvider time) : ConsoleProgress
{
    private static readonly TimeSpan least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan most = TimeSpan.FromSeconds(10);
    private readonly TimeProvider time = time;
    private readonly Lock writing = new();

    public override IProgressTask Begin(string title, long total, string unit) => new LineTask(this, title, total, unit);

    public override void Note(string line) => Write(OneLine.Of(line));

    public override void Warn(string line) => Write($"warning: {OneLine.Of(line)}");

    public override void Dispose()
    {
    }

    private void Write(string line)
    {
        lock (writing)
            output.WriteLine(line);
    }

    private sealed class LineTask(LineProgress owner, string title, long total, string unit) : IProgressTask
    {
        private readonly Pace pace = new(total, unit, owner.time);
        private TimeSpan written;
        private int tenth;
        private bool ended;

        public void Advance(long done, string? detail = null)
        {
            pace.Advance(done, detail);
            Show();
        }

        public void Report(long done, string? detail = null)
        {
            pace.Report(done, detail);
            Show();
        }

        public void Dispose()
        {
            if (ended)
                return;
            ended = true;
            if (pace.Elapsed >= least)
                owner.Write($"{title}: {Pace.Join(pace.Counted(), $"{Units.Time(pace.Elapsed)} taken", pace.Speed(), pace.Detail)}");
        }

        private void Show()
        {
            var (now, tenthNow) = (pace.Elapsed, (int)(pace.Share * 10));
            if (pace.Share >= 1 || now - written < least || (tenthNow == tenth && now - written < most))
                return;
            (written, tenth) = (now, tenthNow);
            var share = total > 0 ? $"{pace.Share * 100:0} %" : "";
            var left = pace.Remaining is { } remaining ? $"{Units.Time(remaining)} left" : "";
            owner.Write($"{title}: {Pace.Join(share, pace.Counted(), pace.Speed(), left, pace.Detail)}");
        }
    }
}
