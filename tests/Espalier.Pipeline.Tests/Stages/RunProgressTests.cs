using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>What a run says of its stages and of its end.</summary>
public sealed class RunProgressTests : RunContextTest
{
    [Fact]
    public void Whoever_stops_a_run_is_told_how_it_goes_on_and_of_a_folder_that_goes_that_it_begins_anew()
    {
        var told = new Told();
        Assert.Throws<OperationCanceledException>(() => RunContext.Within<int>(Run, "recipe", 1, told,
            _ => throw new OperationCanceledException(), default));
        Assert.Equal("finished work is kept: the same command resumes from here", told.Notes[^1]);
        Assert.Throws<OperationCanceledException>(() => RunContext.Once<int>(_folder.Of("result"), "recipe", 1, told,
            _ => throw new OperationCanceledException(), default));
        Assert.Equal("none of this work is kept: the same command starts over", told.Notes[^1]);
    }

    [Fact]
    public void A_stage_of_a_cycle_is_announced_with_it_and_the_record_knows_it()
    {
        var told = new Told();
        _ = RunContext.Within(Run, "recipe", 1, told, run =>
        {
            run.Plan([new("arm", "prune", 1), new("arm", "prune", 2, 3)]);
            Stage(run, "prune");
            run.RunStage("prune", [], new Dictionary<string, string> { ["data"] = "bb" }, (_, _) => null);
            return 0;
        }, default);
        Assert.Equal(["1 of 2: prune, cycle 1", "2 of 2: prune, cycle 2, round 3"], told.Stages);
        Assert.Equal((2, 3), (RunStatus.Read(Run).Position!.Cycle, RunStatus.Read(Run).Position!.Round));
    }

    [Fact]
    public void What_belongs_to_a_stage_is_announced_as_part_of_it()
    {
        var told = new Told();
        _ = RunContext.Within(Run, "recipe", 1, told, run =>
        {
            run.Plan([new("arm", "data"), new("arm", "evaluate", 2)]);
            foreach (var name in (string[])["data", "evaluate", "samples"])
                Stage(run, name);
            return 0;
        }, default);
        Assert.Equal(["1 of 2: data", "2 of 2: evaluate, cycle 2", "2 of 2: evaluate, cycle 2 (samples)"], told.Stages);
    }

    /// <summary>Keeps what it is told.</summary>
    private sealed class Told : IProgressReporter
    {
        public List<string> Notes { get; } = [];

        public List<string> Stages { get; } = [];

        public IProgressTask Begin(string title, long total, string unit) => NullProgress.Instance.Begin(title, total, unit);

        public void Stage(int number, int total, string title) => Stages.Add($"{number} of {total}: {title}");

        public void Note(string line) => Notes.Add(line);

        public void Warn(string line)
        {
        }
    }
}
