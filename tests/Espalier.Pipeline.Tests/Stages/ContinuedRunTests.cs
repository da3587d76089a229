using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Pipeline.Tests.Stages;

/// <summary>A run that goes on otherwise than it began says so, once for each difference.</summary>
public sealed class ContinuedRunTests : TorchTest
{
    [ProcessorFact]
    public void What_changes_last_bits_is_said()
    {
        Assert.Empty(Notes(null));
        Assert.Empty(Notes(Run(TorchRuntime.Threads, "cpu")));
        Assert.Empty(Notes(Run(TorchRuntime.Threads, null)));
        Assert.Contains("--threads 3 continues as it began", Assert.Single(Notes(Run(3, "cpu"))));
        Assert.Contains("began with cuda:0 and continues with cpu", Assert.Single(Notes(Run(TorchRuntime.Threads, "cuda:0"))));
        Assert.Equal(2, Notes(Run(3, "cuda:0")).Count);
    }

    private static RunManifest Run(int threads, string? device) => new()
    {
        ProgramVersion = "0",
        RecipeHash = "0",
        Seeds = new Dictionary<string, long>(),
        Machine = MachineFacts.Detect(threads, device is null ? new Dictionary<string, string>()
            : new Dictionary<string, string> { ["device"] = device }),
        Arms = [],
        Stages = [],
    };

    private static List<string> Notes(RunManifest? before)
    {
        var heard = new Heard();
        ContinuedRun.Note(before, heard);
        return heard.Notes;
    }

    private sealed class Heard : IProgressReporter
    {
        public List<string> Notes { get; } = [];

        public IProgressTask Begin(string name, long total, string unit) => NullProgress.Instance.Begin(name, total, unit);

        public void Note(string message) => Notes.Add(message);

        public void Warn(string message)
        {
        }
    }
}
