using System.Text;

namespace Espalier.Cli.Rendering;

/// <summary>Writes to a terminal that may be closed meanwhile: what nobody can read any more is dropped.</summary>
internal sealed class TerminalWriter(TextWriter terminal) : TextWriter(CultureInfo.InvariantCulture)
{
    public override Encoding Encoding => terminal.Encoding;

    public override void Write(char value) => Try(() => terminal.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => terminal.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => terminal.Write(value));

    public override void WriteLine(string? value) => Try(() => terminal.WriteLine(value));

    public override void Flush() => Try(terminal.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
            // EIO: the terminal is gone.
        }
    }
}
