using System.Text;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Tests.Rendering;

/// <summary>A terminal that is closed takes nothing any more, and ends nothing.</summary>
public sealed class TerminalWriterTests
{
    [Fact]
    public void What_a_closed_terminal_refuses_is_dropped()
    {
        var terminal = new ClosingTerminal();
        var writer = new TerminalWriter(terminal);
        writer.Write("a");
        writer.WriteLine("b");
        writer.Write(1.5);
        Assert.Equal("ab\n1.5", terminal.Text.ToString());

        terminal.IsClosed = true;
        writer.Write('c');
        writer.Write("d");
        writer.WriteLine();
        writer.WriteLine("e");
        writer.Flush();
        Assert.Equal("ab\n1.5", terminal.Text.ToString());
    }

    private sealed class ClosingTerminal : TextWriter
    {
        public bool IsClosed { get; set; }

        public StringBuilder Text { get; } = new();

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Text.Append(IsClosed ? throw new IOException("Input/output error") : value);

        public override void Flush() => Write("");
    }
}
