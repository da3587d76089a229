using Espalier.Cli.Rendering;

namespace Espalier.Cli.Progress;

/// <summary>Progress on stderr: bars for a person, plain lines for a file.</summary>
internal abstract class ConsoleProgress : IProgressReporter, IDisposable
{
    internal static ConsoleProgress For(Terminal terminal) => terminal.ErrorIsTerminal
        ? new BarProgress(Spectres.Console(terminal.Error, terminal.Colors))
        : new LineProgress(terminal.Error, TimeProvider.System);

    public abstract IProgressTask Begin(string title, long total, string unit);

    public virtual void Stage(int number, int total, string title) => Note($"stage {number} of {total}: {title}");

    public abstract void Note(string line);

    public abstract void Warn(string line);

    public abstract void Dispose();
}
