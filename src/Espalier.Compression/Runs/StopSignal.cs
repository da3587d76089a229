using System.Runtime.InteropServices;

namespace Espalier.Compression.Runs;

/// <summary>
/// Turns SIGINT (Ctrl+C) and SIGTERM into a request: the loop sees <see cref="Token"/>, saves, and the program ends with
/// <see cref="ExitCode"/>. Further signals change nothing, so that an impatient second Ctrl+C does not cost the save.
/// </summary>
public sealed class StopSignal : IDisposable
{
    /// <summary>What the program returns when it was interrupted and has saved.</summary>
    public const int ExitCode = 130;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Action<string>? _report;
    private int _count;

    /// <summary>Starts to listen.</summary>
    /// <param name="report">Hears what happens, in words for the user, at each signal.</param>
    public StopSignal(Action<string>? report = null)
    {
        _report = report;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];
    }

    /// <summary>Cancelled at the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether a signal came.</summary>
    public bool IsRequested => _source.IsCancellationRequested;

    /// <summary>Stops listening; signals do again what they do by default.</summary>
    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        var first = Interlocked.Increment(ref _count) == 1;
        _report?.Invoke(first ? "stopping: this step ends, then the state is saved" : "already stopping; the state is being saved");
        if (!first)
            return;
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run ended between the signal and its handling.
        }
    }
}
