using System.Diagnostics;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Scripts;

/// <summary>No kernel and no loop takes more instructions than it did: noise does not move them, as it does the clock.</summary>
public sealed class InstructionTests
{
    [CallgrindFact]
    public void Five_pieces_of_work_take_no_more_instructions_than_they_did()
    {
        var start = new ProcessStartInfo(Path.Combine(Fixtures.Root, "tests", "instructions"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        Assert.True(process.ExitCode == 0, output + error.Result);
    }

    private sealed class CallgrindFactAttribute : FactAttribute
    {
        public CallgrindFactAttribute() => Skip = !LongRun.IsWanted ? "takes ten minutes: ./test --long counts instructions"
            : !File.Exists("/usr/bin/valgrind") ? "valgrind is not installed"
            : null;
    }
}
