using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>The other program, which waits for a line before each piece of work (<c>--paced</c>) and answers in JSON Lines.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process _process;

    public Peer(PeerCommand command)
    {
        var start = new ProcessStartInfo(command.Program, command.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true
        };
        // Its threads wait as ours do (bench/run), and nothing slows its products.
        start.Environment.Remove("OPENBLAS_CORETYPE");
        start.Environment.Remove("OPENBLAS_L2_SIZE");
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{command.Program} did not start");
        _process.StandardInput.AutoFlush = true;
    }

    /// <summary>Processor time of its threads so far, in seconds.</summary>
    public double Processor => Directory.EnumerateDirectories($"/proc/{_process.Id}/task")
        .Sum(task => double.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9);

    public JsonObject WaitUntilReady() => Read("ready");

    /// <summary>Lets it do a piece of work and gives the first event of a kind.</summary>
    public JsonObject Next(string kind)
    {
        _process.StandardInput.WriteLine("next");
        return Read(kind);
    }

    /// <summary>Lets it do a piece of work: the event that ends it, and what it cost.</summary>
    public (JsonObject Answer, Cost Cost) Timed(string kind)
    {
        var (clock, spent) = (Cost.Clock.Start(), Processor);
        var answer = Next(kind);
        return (answer, new((double?)answer["seconds"] ?? clock.Elapsed.Wall, Processor - spent));
    }

    /// <summary>The next event of a kind; others are passed over.</summary>
    public JsonObject Read(string kind)
    {
        while (_process.StandardOutput.ReadLine() is { } line)
            if (line.StartsWith('{') && JsonNode.Parse(line) is JsonObject found && (string?)found["event"] == kind)
                return found;
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"the peer ended before its event '{kind}'"));
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(20_000))
            _process.Kill();
        _process.Dispose();
    }
}
