using System.Runtime.InteropServices;

namespace Espalier.Cli.Host;

/// <summary>
/// Turns SIGINT, SIGTERM and SIGHUP (a closed terminal, unless nohup has it ignored) into a cancelled token while it lives, so that the
/// work can save first. Later signals change nothing, to the end of the process: whoever cannot wait has SIGKILL, which a run survives
/// too. SIGXFSZ is passed over, so that a file above the system's limit is an error that names it.
/// </summary>
internal sealed class Interruption : IDisposable
{
    // No name of PosixSignal: signal(7).
    private const PosixSignal FileTooLarge = (PosixSignal)25;

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
            try
            {
                stderr.WriteLine($"espalier: {Says}; a second Ctrl-C changes nothing");
            }
            catch (IOException)
            {
                // Said or not, the work is saved.
            }
            _source.Cancel();
        }

        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
            .. HangupIsIgnored() ? [] : (PosixSignalRegistration[])[PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop)],
            .. OperatingSystem.IsLinux() ? (PosixSignalRegistration[])[PosixSignalRegistration.Create(FileTooLarge, static context =>
                context.Cancel = true)] : []];
    }

    /// <summary>What is done when a signal came.</summary>
    internal string Says { get; set; } = "stopping after the current step";

    internal CancellationToken Token => _source.Token;

    /// <summary>
    /// From here on SIGINT asks first, on another thread: where the answer is true it was heard, and cancels nothing. SIGTERM ends the work
    /// as before.
    /// </summary>
    internal void Instead(Func<bool> act) => Volatile.Write(ref _instead, act);

    public void Dispose()
    {
        // A signal that comes between the last line and the end of the process would else end it as if nothing had been saved.
        if (!_source.IsCancellationRequested)
            foreach (var registration in _registrations)
                registration.Dispose();
        _source.Dispose();
    }

    /// <summary>Whether whoever started this process has it survive a closed terminal, as nohup does.</summary>
    internal static bool HangupIsIgnored()
    {
        // The mask of ignored signals, of which SIGHUP is the lowest bit.
        const string status = "/proc/self/status", key = "SigIgn:";
        return File.Exists(status)
            && File.ReadLines(status).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line
            && ulong.TryParse(line.AsSpan(key.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var ignored)
            && (ignored & 1) != 0;
    }
}
