using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>A run folder, with stages that write one file.</summary>
public abstract class RunContextTest : IDisposable
{
    private protected static readonly Dictionary<string, string> s_inputs = new() { ["data"] = "aa" };

    private protected readonly TemporaryFolder _folder = new();

    private protected string Run => _folder.Of("run");

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected EspalierException Refused(Action<RunContext> work) => Assert.Throws<EspalierException>(() => Within(Run, work));

    private protected static void Within(string path, Action<RunContext> work) =>
        RunContext.Within(path, "recipe", 1, NullProgress.Instance, run =>
        {
            work(run);
            return 0;
        }, default);

    private protected static void Stage(RunContext run, string name, Action<StageFolder>? work = null) =>
        run.RunStage(name, [], s_inputs, (stage, _) =>
    {
        (work ?? (there => File.WriteAllText(there.PathOf("weights"), "weights")))(stage);
        return new JsonObject { ["steps"] = 1 };
    });
}
