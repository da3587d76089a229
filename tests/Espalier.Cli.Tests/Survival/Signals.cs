using System.Runtime.InteropServices;

namespace Espalier.Cli.Tests.Survival;

/// <summary>Sends a process a signal by the system's own call: a bare system has no program for it.</summary>
internal static class Signals
{
    private static readonly Dictionary<string, int> s_numbers =
        new() { ["HUP"] = 1, ["INT"] = 2, ["TERM"] = 15, ["CONT"] = 18, ["STOP"] = 19 };

    /// <summary>Sends HUP, TERM, INT, STOP or CONT.</summary>
    public static void Send(int process, string name) => Assert.Equal(0, Kill(process, s_numbers[name]));

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
