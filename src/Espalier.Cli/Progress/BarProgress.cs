using Spectre.Console;

namespace Espalier.Cli.Progress;

/// <summary>
/// Spectre's bars. Its display lives inside one call; that call runs on a thread of its own from the beginning of the
/// first task to the end of the last one.
/// </summary>
internal sealed class BarProgress(IAnsiConsole console) : ConsoleProgress
{
    /// <summary>Leaves room for rate, time and detail on a terminal of 80 columns.</summary>
    internal const int BarWidth = 12;

    private readonly Lock _gate = new();
    private readonly HashSet<BarTask> _running = [];
    private string _stage = "";
    private ProgressContext? _context;
    private ManualResetEventSlim? _allDone;
    private Task? _display;

    public override IProgressTask Begin(string title, long total, string unit)
    {
        lock (_gate)
        {
            if (_context is null)
                StartDisplay();
            var pace = new Pace(total, unit, TimeProvider.System);
            var bar = _context!.AddTask(Markup.Escape($"{_stage}{title}"), autoStart: true, maxValue: total > 0 ? total : 1);
            bar.IsIndeterminate = total <= 0;
            var task = new BarTask(this, bar, pace);
            PaceColumn.Attach(bar, pace);
            _running.Add(task);
            return task;
        }
    }

    public override void Stage(int number, int total, string title)
    {
        base.Stage(number, total, title);
        lock (_gate)
            _stage = $"{number}/{total} ";
    }

    public override void Note(string line) => console.MarkupLineInterpolated($"[grey]{OneLine.Of(line)}[/]");

    public override void Warn(string line) => console.MarkupLineInterpolated($"espalier: [yellow]warning:[/] {OneLine.Of(line)}");

    public override void Dispose()
    {
        lock (_gate)
            StopDisplay();
    }

    private void StartDisplay()
    {
        var started = new TaskCompletionSource<ProgressContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = _allDone = new ManualResetEventSlim();
        _display = Task.Factory.StartNew(
            () => console.Progress()
                .AutoClear(false)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn { Width = BarWidth }, new ShareColumn(), new PaceColumn())
                .Start(made =>
                {
                    started.SetResult(made);
                    done.Wait();
                }),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        Task.WaitAny(_display, started.Task);
        if (!started.Task.IsCompletedSuccessfully)
            _display.GetAwaiter().GetResult();
        _context = started.Task.Result;
    }

    private void StopDisplay()
    {
        if (_context is null)
            return;
        foreach (var task in _running)
            task.Stop();
        _running.Clear();
        _allDone!.Set();
        _display!.GetAwaiter().GetResult();
        _allDone.Dispose();
        (_context, _allDone, _display) = (null, null, null);
    }

    private void End(BarTask task)
    {
        lock (_gate)
        {
            if (!_running.Remove(task))
                return;
            task.Stop();
            if (_running.Count == 0)
                StopDisplay();
        }
    }

    private sealed class BarTask(BarProgress owner, ProgressTask bar, Pace pace) : IProgressTask
    {
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

        public void Dispose() => owner.End(this);

        internal void Stop()
        {
            if (bar.IsIndeterminate)
                (bar.IsIndeterminate, bar.Value) = (false, bar.MaxValue);
            bar.StopTask();
        }

        private void Show()
        {
            if (!bar.IsIndeterminate)
                bar.Value = Math.Min(pace.Done, bar.MaxValue);
        }
    }
}
