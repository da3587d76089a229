namespace Espalier.Evaluation.Judges;

/// <summary>
/// Says that nothing was heard for a while, so that a judge that hangs does not look like a program that does: after a wait, and then after
/// twice as long each time, until something is heard. Dispose it.
/// </summary>
internal sealed class SilenceNotes : IDisposable
{
    /// <summary>The first wait where nobody says otherwise.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly TimeSpan _first;
    private readonly Timer _timer;
    private TimeSpan _waited;
    private bool _isDone;

    public SilenceNotes(string name, IProgressReporter progress, TimeSpan first)
    {
        _first = _waited = first;
        _timer = new(_ =>
        {
            lock (_gate)
            {
                if (_isDone)
                    return;
                progress.Note(string.Create(CultureInfo.InvariantCulture,
                    $"{name}: no answer for {_waited.TotalSeconds:0.###} s; Ctrl-C keeps the answers so far"));
                // The next note comes when the whole silence is twice as long.
                _timer!.Change(_waited, Timeout.InfiniteTimeSpan);
                _waited *= 2;
            }
        });
        _timer.Change(first, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Something was heard.</summary>
    public void Hear()
    {
        lock (_gate)
        {
            _waited = _first;
            _timer.Change(_first, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (_gate)
            _isDone = true;
        _timer.Dispose();
    }
}
