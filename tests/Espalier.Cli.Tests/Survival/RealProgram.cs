using System.Diagnostics;

namespace Espalier.Cli.Tests.Survival;

/// <summary>The real program in a process of its own, which can be killed.</summary>
internal sealed class RealProgram : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output, _error;

    public RealProgram(params string[] arguments) : this(arguments, null)
    {
    }

    /// <param name="variable">What is set in its environment beside what is here.</param>
    public RealProgram(string[] arguments, (string Name, string Value)? variable)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "espalier.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (variable is var (name, value))
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output => _output.Result;

    public string Error => _error.Result;

    /// <summary>Waits for the end; returns the exit code.</summary>
    public int Wait()
    {
        // Only against waiting for ever: on a machine with much else to do a run of seconds takes minutes.
        Assert.True(_process.WaitForExit(900_000), "the program did not end within a quarter of an hour");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>kill -9, as nobody can catch it.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Sends a signal by its name: TERM, INT, STOP, CONT.</summary>
    public void Signal(string name) => Signals.Send(Id, name);

    /// <summary>Waits until something is true or the program ends.</summary>
    public void Until(Func<bool> happened)
    {
        for (var i = 0; i < 6000 && !HasExited && !happened(); i++)
            Thread.Sleep(10);
    }

    /// <summary>The same without a pause between two looks, for what lasts milliseconds.</summary>
    public void Spin(Func<bool> happened)
    {
        var end = Environment.TickCount64 + 60_000;
        while (!HasExited && Environment.TickCount64 < end && !happened())
            Thread.SpinWait(100);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }
}
