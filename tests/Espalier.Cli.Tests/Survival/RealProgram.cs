using System.Diagnostics;

namespace Espalier.Cli.Tests.Survival;

/// <summary>The real program in a process of its own, which can be killed.</summary>
internal sealed class RealProgram : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output, _error;

    public RealProgram(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "espalier.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
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
        Assert.True(_process.WaitForExit(120_000), "the program did not end within two minutes");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>kill -9, as nobody can catch it.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM.</summary>
    public void Terminate() => Process.Start("kill", ["-TERM", Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();

    /// <summary>Waits until something is true or the program ends.</summary>
    public void Until(Func<bool> happened)
    {
        for (var i = 0; i < 6000 && !HasExited && !happened(); i++)
            Thread.Sleep(10);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }
}
