using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Espalier.Benchmarks;

/// <summary>The other program, which waits for a line before each piece of work (<c>--paced</c>) and answers in JSON Lines.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process _process;

    public Peer(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["OMP_WAIT_POLICY"] = "passive";
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start");
        _process.StandardInput.AutoFlush = true;
    }

    public void WaitUntilReady() => Read("ready");

    /// <summary>Lets it do a piece of work and gives the first event of a kind.</summary>
    public JsonObject Next(string kind)
    {
        _process.StandardInput.WriteLine("next");
        return Read(kind);
    }

    /// <summary>The next event of a kind; others are passed over.</summary>
    public JsonObject Read(string kind)
    {
        while (_process.StandardOutput.ReadLine() is { } line)
            if (JsonNode.Parse(line) is JsonObject found && (string?)found["event"] == kind)
                return found;
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"the peer ended before its event '{kind}'"));
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit(10_000);
        _process.Dispose();
    }
}
