namespace Espalier.Cli.Progress;

/// <summary>
/// One line at every tenth of a task, but not more than one a second, and one after ten seconds without; and one at the
/// end of whatever took a second.
/// </summary>
internal sealed class LineProgress(TextWriter output, TimeProvider time) : ConsoleProgress
{
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(10);
    private readonly TimeProvider _time = time;
    private readonly Lock _writing = new();

    public override IProgressTask Begin(string title, long total, string unit) => new LineTask(this, title, total, unit);

    public override void Note(string line) => Write(OneLine.Of(line));

    public override void Warn(string line) => Write($"espalier: warning: {OneLine.Of(line)}");

    public override void Dispose()
    {
    }

    private void Write(string line)
    {
        lock (_writing)
            output.WriteLine(line);
    }

    private sealed class LineTask(LineProgress owner, string title, long total, string unit) : IProgressTask
    {
        private readonly Pace _pace = new(total, unit, owner._time);
        private TimeSpan _written;
        private int _tenth;
        private bool _ended;

        public void Advance(long done, string? detail = null)
        {
            _pace.Advance(done, detail);
            Show();
        }

        public void Report(long done, string? detail = null)
        {
            _pace.Report(done, detail);
            Show();
        }

        public void Dispose()
        {
            if (_ended)
                return;
            _ended = true;
            if (_pace.Elapsed >= s_least)
                owner.Write($"{title}: {Pace.Join($"{_pace.Counted()} in {Units.Time(_pace.Elapsed)}", _pace.Speed(), _pace.Detail)}");
        }

        private void Show()
        {
            var (now, tenthNow) = (_pace.Elapsed, (int)(_pace.Share * 10));
            if (_pace.Share >= 1 || now - _written < s_least || (tenthNow == _tenth && now - _written < s_most))
                return;
            (_written, _tenth) = (now, tenthNow);
            var share = total > 0 ? $"{_pace.Share * 100:0} %" : "";
            var left = _pace.Remaining is { } remaining ? $"{Units.Time(remaining)} left" : "";
            owner.Write($"{title}: {Pace.Join(share, _pace.Counted(), _pace.Speed(), left, _pace.Detail)}");
        }
    }
}
