using System.Runtime.InteropServices;

namespace Espalier.Cli.Host;

/// <summary>
/// Turns SIGINT and SIGTERM into a cancelled token while it lives, so that the work can save first. Later signals change
/// nothing: whoever cannot wait has SIGKILL, which a run survives too.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private Func<bool>? _instead;
    private int _isStopping;

    internal Interruption(TextWriter stderr)
    {
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            if (context.Signal == PosixSignal.SIGINT && Volatile.Read(ref _instead) is { } instead && instead())
                return;
            // Signals that come at once are each on a thread of its own.
            if (Interlocked.Exchange(ref _isStopping, 1) != 0)
                return;
            stderr.WriteLine("espalier: stopping after the current step; a second Ctrl-C changes nothing");
            _source.Cancel();
        }

        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop)];
    }

    internal CancellationToken Token => _source.Token;

    /// <summary>
    /// From here on SIGINT asks first, on another thread: where the answer is true it was heard, and cancels nothing. SIGTERM ends the work
    /// as before.
    /// </summary>
    internal void Instead(Func<bool> act) => Volatile.Write(ref _instead, act);

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }
}
