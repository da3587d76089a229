using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>What stays of a run folder whose run ends with wrong input.</summary>
public sealed class RunContextTests : RunContextTest
{
    [Fact]
    public void A_finished_stage_stays_when_wrong_input_comes_after_it_and_is_found_done()
    {
        Refused(run =>
        {
            Stage(run, "correct");
            throw new EspalierException("mine: text of 3 tokens; a window has 32");
        });
        Within(Run, run =>
        {
            Stage(run, "correct", _ => Assert.Fail("done again"));
            Assert.Equal(StageStatus.Reused, Assert.Single(run.Used).Status);
        });
    }

    [Fact]
    public void A_checkpoint_of_a_stage_that_wrong_input_ended_stays_and_is_gone_on_from()
    {
        Refused(run => Stage(run, "correct", stage =>
        {
            stage.Checkpoints.Save(4, [CheckpointPart.FromBytes("state", "weights"u8.ToArray())]);
            throw new EspalierException("wrong");
        }));
        Within(Run, run => run.RunStage("correct", [], s_inputs, (_, checkpoint) =>
        {
            Assert.Equal(4, checkpoint!.Step);
            return null;
        }));
    }

    [Fact]
    public void Steps_that_a_start_logged_and_was_killed_after_count_in_the_stages_time()
    {
        // Ended in order it counts itself, by the clock: far less than what these steps say.
        Assert.Throws<OperationCanceledException>(() => Within(Run, run => Stage(run, "train", stage =>
        {
            stage.Timing.Append(1, ("seconds", 4000.0));
            stage.Timing.Append(2, ("seconds", 480.0));
            throw new OperationCanceledException();
        })));
        Within(Run, run =>
        {
            Stage(run, "train");
            Assert.InRange(Assert.Single(run.Used).Seconds, 4480, 8000);
        });
        // Done, it has its own time, and is found again with it.
        Within(Run, run =>
        {
            Stage(run, "train", _ => Assert.Fail("done again"));
            Assert.InRange(Assert.Single(run.Used).Seconds, 4480, 8000);
        });
    }

    [Fact]
    public void Shards_of_a_cache_that_wrong_input_ended_stay()
    {
        Refused(run => Stage(run, "cache", stage =>
        {
            File.WriteAllText(stage.PathOf("shard-00000.bin"), "x");
            throw new EspalierException("wrong");
        }));
        Within(Run, run => run.RunStage("cache", [], s_inputs, (stage, _) =>
        {
            Assert.True(File.Exists(stage.PathOf("shard-00000.bin")));
            return null;
        }, keepArtefacts: true));
    }

    [Fact]
    public void What_was_measured_before_any_stage_stays()
    {
        Refused(run =>
        {
            run.Folder.WriteFile("latency.json", stream => stream.Write("{}"u8));
            throw new EspalierException("wrong");
        });
        Assert.True(File.Exists(Path.Combine(Run, "latency.json")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Wrong_input_before_anything_was_done_leaves_no_folder(bool inAStage)
    {
        Refused(run =>
        {
            run.Folder.WriteFile("recipe.yaml", stream => stream.Write("teacher: there"u8));
            if (inAStage)
                Stage(run, "data", _ => throw new EspalierException("no text"));
            throw new EspalierException("wrong");
        });
        Assert.False(Path.Exists(Run));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_folder_that_was_there_before_stays_with_what_was_in_it_and_nothing_else()
    {
        Directory.CreateDirectory(Run);
        File.WriteAllText(Path.Combine(Run, "notes"), "mine");
        File.WriteAllText(Path.Combine(Run, "run.lock"), "");
        Refused(_ => throw new EspalierException("wrong"));
        Assert.Equal(["run/notes", "run/run.lock"], _folder.Files());
    }

    [Fact]
    public void What_somebody_else_puts_into_the_folder_meanwhile_stays()
    {
        Refused(run =>
        {
            File.WriteAllText(run.Folder.PathOf("notes"), "mine");
            throw new EspalierException("wrong");
        });
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Run, "notes")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(130)]
    public void A_run_that_failed_or_was_stopped_keeps_its_folder(int code)
    {
        var end =
            Record.Exception(() =>
                Within(Run, _ => throw (code == 1 ? new EspalierException("failed") { ExitCode = 1 } : new OperationCanceledException())));
        Assert.NotNull(end);
        Assert.True(File.Exists(Path.Combine(Run, "run.json")));
    }
}
