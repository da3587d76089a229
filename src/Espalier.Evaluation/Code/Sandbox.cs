using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Espalier.Evaluation.Code;

/// <summary>
/// Runs Python programs that a model wrote: without a network, with nothing of the disk but the interpreter and the system's libraries to
/// read and a small folder in memory to write, with limits on time, memory, processes and files, and with no rights; when the program
/// ends, all that it started is ended. Namespaces of the Linux kernel, made by util-linux (box.sh). Where the kernel does not allow them
/// nothing is run. May be used by several threads. What a program says of its own tests is believed: one that is written to forge its
/// verdict can do so, here as in the harness.
/// </summary>
internal sealed class Sandbox
{
    // Until the interpreter is there, on a busy machine.
    private const double StartSeconds = 60;

    private const int MaxAnswer = 1 << 16;

    // User ids that no user has, one for each program: the kernel counts a user's processes, and root's not at all.
    private const int FirstUser = 0x60000000, Users = 0x1FFFFFFF;

    private static int s_started;

    private readonly PythonFolders _python;
    private readonly SandboxLimits _limits;
    private readonly string _root;

    private Sandbox(PythonFolders python, SandboxLimits limits, string root) => (_python, _limits, _root) = (python, limits, root);

    /// <summary>Looks whether programs can be run here, and runs one that looks whether it is shut in.</summary>
    /// <exception cref="EspalierException">They cannot be run safely; the reason.</exception>
    public static Sandbox Open(SandboxLimits limits)
    {
        limits.Validate();
        if (!OperatingSystem.IsLinux())
            throw new EspalierException("programs cannot run: their sandbox needs Linux namespaces");
        var python = PythonFolders.Find();
        // Mounted over in a namespace of its own only: no other process sees anything of it.
        var root = new[] { "/mnt", "/media", "/srv", "/tmp" }.FirstOrDefault(folder => Directory.Exists(folder)
            && !python.Folders.Append(python.Program).Any(path => PythonFolders.IsWithin(path, folder)))
            ?? throw new EspalierException("programs cannot run: there is no folder /mnt, /media, /srv or /tmp for their root");
        var sandbox = new Sandbox(python, limits, root);
        var verdict = new Sandbox(python, limits with { Seconds = StartSeconds }, root).Run(Resource("probe.py"));
        return verdict.IsPassed ? sandbox
            : throw new EspalierException($"programs cannot run, because the sandbox would not contain them: {verdict.Reason}");
    }

    /// <summary>Runs a program.</summary>
    /// <exception cref="EspalierException">The place for it could not be made.</exception>
    public ProgramVerdict Run(string program, CancellationToken stop = default)
    {
        var mark = RandomNumberGenerator.GetHexString(32, lowercase: true);
        using var process = Start();
        // Its end ends all processes that the program started: they are in one namespace, whose first process goes with this one.
        using var cancelled = stop.Register(() => Kill(process));
        try
        {
            var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            Feed(process, $"{mark}\n{program}");
            var answers = new Answers(process.StandardOutput.BaseStream, mark);
            var begun = answers.Next(TimeSpan.FromSeconds(StartSeconds));
            stop.ThrowIfCancellationRequested();
            if (begun != "begun")
            {
                Kill(process);
                var said = OneLine.Clipped(errors.GetAwaiter().GetResult().Trim());
                throw new EspalierException("programs cannot run: the sandbox did not start: "
                    + (said.Length > 0 ? said : $"no answer within {Text((long)StartSeconds)} s"));
            }
            var answer = answers.Next(TimeSpan.FromSeconds(_limits.Seconds));
            stop.ThrowIfCancellationRequested();
            return answer switch
            {
                "passed" => new(ProgramOutcome.Passed, ""),
                null when answers.IsLate => new(ProgramOutcome.TimedOut,
                    string.Create(CultureInfo.InvariantCulture, $"took more than {_limits.Seconds} s")),
                null => new(ProgramOutcome.Failed, "ended before its last line"),
                _ => new(ProgramOutcome.Failed,
                    answer.StartsWith("failed ", StringComparison.Ordinal) ? answer["failed ".Length..] : answer),
            };
        }
        finally
        {
            Kill(process);
            process.WaitForExit();
        }
    }

    private Process Start()
    {
        var isRoot = Environment.IsPrivilegedProcess;
        var most = (long)Math.Ceiling(_limits.Seconds + StartSeconds + 5);
        string[] arguments =
        [
            .. isRoot ? (string[])[] : ["--user", "--map-root-user"],
            "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "sh", "-c", Resource("box.sh"), "box.sh",
            _root, Text(isRoot ? NextUser() : 0), Text(most), Text(_limits.Memory), Text(_limits.Processes),
            Text(_limits.File), Text(_limits.Files), .. _python.Folders, "--", _python.Program, "-I", "-c", Resource("harness.py"),
        ];
        var start = new ProcessStartInfo("unshare", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        foreach (var (name, value) in new[] { ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LANG", "C.UTF-8"), ("HOME", "/tmp") })
            start.Environment.Add(name, value);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new EspalierException($"programs cannot run: unshare cannot be started ({error.Message}); install util-linux", error);
        }
    }

    private static long NextUser() =>
        FirstUser + ((long)Environment.ProcessId << 8 | (uint)Interlocked.Increment(ref s_started) & 255) % Users;

    private static void Feed(Process process, string text)
    {
        try
        {
            process.StandardInput.BaseStream.Write(Encoding.UTF8.GetBytes(text));
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read all; what it said tells why.
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Resource(string name)
    {
        using var text = new StreamReader(typeof(Sandbox).Assembly.GetManifestResourceStream($"code/{name}")!);
        return text.ReadToEnd();
    }

    /// <summary>Lines that begin with the mark; others are the program's own and are passed over.</summary>
    private sealed class Answers(Stream stream, string mark)
    {
        private readonly byte[] _bytes = new byte[MaxAnswer];
        private int _count, _read;

        /// <summary>Whether the last wait was in vain.</summary>
        public bool IsLate { get; private set; }

        /// <summary>The next line without the mark; null where none comes in time, or none any more.</summary>
        public string? Next(TimeSpan within)
        {
            var until = Stopwatch.GetTimestamp() + (long)(within.TotalSeconds * Stopwatch.Frequency);
            while (true)
            {
                while (Array.IndexOf(_bytes, (byte)'\n', _read, _count - _read) is >= 0 and var end)
                {
                    var line = Encoding.UTF8.GetString(_bytes, _read, end - _read);
                    _read = end + 1;
                    if (line.StartsWith($"{mark} ", StringComparison.Ordinal))
                        return line[(mark.Length + 1)..];
                }
                if (_count == _bytes.Length)
                    return null;
                var read = stream.ReadAsync(_bytes.AsMemory(_count)).AsTask();
                var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until);
                if (!read.Wait(left > TimeSpan.Zero ? left : TimeSpan.Zero))
                {
                    IsLate = true;
                    return null;
                }
                if (read.Result == 0)
                    return null;
                _count += read.Result;
            }
        }
    }
}
