using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Espalier.Evaluation.Code;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Code;

/// <summary>Programs are judged, and those that mean harm do none.</summary>
public sealed class SandboxTests
{
    [SandboxTheory]
    [InlineData("assert 1 + 1 == 2", true, "")]
    [InlineData("print('a' * 1000000)\nopen('/tmp/own', 'w').write('x')", true, "")]
    [InlineData("x = 1 / 0", false, "ZeroDivisionError: division by zero")]
    [InlineData("assert False, 'so it is'", false, "AssertionError: so it is")]
    [InlineData("def f(:", false, "SyntaxError")]
    [InlineData("import sys\nsys.exit(0)", false, "SystemExit: 0")]
    [InlineData("import os\nos._exit(0)", false, "ended before its last line")]
    [InlineData("input('a number')", false, "EOFError")]
    [InlineData("import ctypes\nctypes.string_at(0)", false, "ended before its last line")]
    [InlineData("def f(): return f()\nf()", false, "RecursionError")]
    [InlineData("\ud83d\ude00 = 1", false, "SyntaxError")]
    public void A_program_passes_where_it_comes_to_its_end(string program, bool passes, string reason)
    {
        var verdict = TestSandbox.Instance.Run(program);
        Assert.Equal(passes ? ProgramOutcome.Passed : ProgramOutcome.Failed, verdict.Outcome);
        Assert.StartsWith(reason, verdict.Reason, StringComparison.Ordinal);
    }

    // Each is shut in by the kernel, not by names that are taken away: they call the C library itself.
    [SandboxTheory]
    [InlineData("bytearray(10 << 30)", "MemoryError")]
    [InlineData("l = [bytearray(1 << 26) for _ in range(160)]", "MemoryError")]
    [InlineData("while c.fork() >= 0: pass\nraise OSError(ctypes.get_errno())", "OSError: 11")]
    [InlineData("import threading, time\nfor _ in range(64): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "RuntimeError: can't start new thread")]
    [InlineData("import socket\nsocket.create_connection(('192.0.2.1', 80), 5)", "OSError: [Errno 101]")]
    [InlineData("open('/usr/own', 'w')", "OSError: [Errno 30]")]
    [InlineData("open('/etc/own', 'w')", "OSError: [Errno 30]")]
    [InlineData("open('/tmp/own', 'w').write('x' * (17 << 20))", "OSError: [Errno 27]")]
    [InlineData("for i in range(9): open(f'/tmp/{i}', 'w').write('x' * (15 << 20))", "OSError: [Errno 28]")]
    [InlineData("open('/etc/passwd')", "FileNotFoundError")]
    [InlineData("open('/proc/1/environ')", "FileNotFoundError")]
    [InlineData("os.kill(1, 9)", "TypeError")]
    [InlineData("assert c.unshare(0x10000000) == 0, ctypes.get_errno()", "AssertionError: 1")]
    [InlineData("assert c.mount(b'a', b'/tmp', b'tmpfs', 0, b'') == 0, ctypes.get_errno()", "AssertionError: 1")]
    [InlineData("assert c.chroot(b'/tmp') == 0, ctypes.get_errno()", "AssertionError: 1")]
    [InlineData("assert c.setpriority(0, 0, -10) == 0", "AssertionError")]
    // Shared memory of System V lies outside of what a process may map.
    [InlineData("assert c.shmget(0, 1 << 20, 0o1600) >= 0, ctypes.get_errno()", "AssertionError: ")]
    public void A_program_that_means_harm_fails(string program, string reason)
    {
        var verdict = TestSandbox.Instance.Run($"import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\n{program}");
        Assert.Equal(ProgramOutcome.Failed, verdict.Outcome);
        Assert.StartsWith(reason, verdict.Reason, StringComparison.Ordinal);
    }

    [SandboxFact]
    public void No_process_outlives_its_program_and_none_outside_is_reached()
    {
        // Asleep in the sandbox under a name of its own, seen from outside by its arguments.
        var name = $"espalier-{Guid.NewGuid():N}";
        var program = $"import ctypes, sys\nc = ctypes.CDLL(None)\nfor _ in range(4):\n    if c.fork() == 0:\n"
            + $"        c.setsid()\n        c.execl(sys.executable.encode(), b'{name}', b'-c', b'import time; time.sleep(600)', None)\n"
            + "import time\ntime.sleep(1)\nfor p in range(-1, 400): c.kill(p, 9) if p not in (0,) else None\n";
        var verdict = TestSandbox.Instance.Run(program);
        Assert.True(verdict.IsPassed || verdict.Reason == "ended before its last line", verdict.Reason);
        Assert.DoesNotContain(Arguments(), arguments => arguments.Contains(name, StringComparison.Ordinal));
    }

    [SandboxFact]
    public void Servers_of_the_machine_and_secrets_of_the_user_are_not_there()
    {
        using var folder = new TemporaryFolder();
        var secret = Path.Combine(folder.Path, "secret");
        File.WriteAllText(secret, "do not read");
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        Assert.StartsWith("FileNotFoundError", TestSandbox.Instance.Run($"open({Quoted(secret)})").Reason, StringComparison.Ordinal);
        Assert.Equal(ProgramOutcome.Failed,
            TestSandbox.Instance.Run($"import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)").Outcome);
        Assert.False(server.Pending());
        // Of the home folder there is nothing, or the path to an interpreter that is installed there.
        foreach (var hidden in new[] { ".bashrc", ".ssh", ".profile", ".cache" })
            Assert.True(TestSandbox.Instance.Run($"import os\nassert not os.path.exists({Quoted(Path.Combine(home, hidden))})").IsPassed);
        Assert.True(TestSandbox.Instance.Run(
            "import os\nassert set(os.environ) <= {'PATH', 'LANG', 'HOME', 'PWD', 'OLDPWD', 'SHLVL', '_', 'LC_CTYPE'}").IsPassed);
    }

    [SandboxFact]
    public void What_takes_too_long_is_stopped_and_so_is_all_when_the_user_says()
    {
        var sandbox = Sandbox.Open(new() { Seconds = 1 });
        foreach (var program in new[] { "while True: pass", "import time\ntime.sleep(600)",
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass" })
            Assert.Equal(new ProgramVerdict(ProgramOutcome.TimedOut, "took more than 1 s"), sandbox.Run(program));
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        Assert.ThrowsAny<OperationCanceledException>(() => TestSandbox.Instance.Run("while True: pass", stop.Token));
    }

    [SandboxFact]
    public void A_program_has_its_processes_whatever_runs_beside_it()
    {
        const string program = "import threading, time\nfor _ in range(8): threading.Thread(target=time.sleep, args=(2,)).start()\ntime.sleep(1)";
        Assert.All(Enumerable.Range(0, 3).AsParallel().WithDegreeOfParallelism(3).Select(_ => TestSandbox.Instance.Run(program)),
            verdict => Assert.Equal("", verdict.Reason));
    }

    [Theory]
    [InlineData(0, 1L << 30, 12, "time limit")]
    [InlineData(3, 1L << 20, 12, "64 MiB")]
    [InlineData(3, 1L << 30, 1, "4 processes")]
    public void Limits_under_which_nothing_runs_are_refused(double seconds, long memory, int processes, string message) =>
        Assert.Contains(message, Assert.Throws<EspalierException>(
            () => Sandbox.Open(new() { Seconds = seconds, Memory = memory, Processes = processes })).Message);

    private static string Quoted(string path) =>
        $"'{path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    private static IEnumerable<string> Arguments()
    {
        foreach (var process in Process.GetProcesses())
        {
            var arguments = "";
            try
            {
                arguments = File.ReadAllText($"/proc/{process.Id}/cmdline");
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It has ended, or is somebody else's.
            }
            yield return arguments;
        }
    }
}
