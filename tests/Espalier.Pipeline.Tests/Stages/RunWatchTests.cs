using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>Runs whose inputs, folder or lock are changed meanwhile.</summary>
public sealed class RunWatchTests : RunContextTest
{
    [Theory]
    [InlineData("model.safetensors", "other weights!")]
    [InlineData("added.json", "{}")]
    public void What_is_made_of_a_model_that_is_changed_meanwhile_is_not_kept(string changed, string text)
    {
        var (model, folder, begun) = (_folder.Of("model"), "", false);
        Directory.CreateDirectory(model);
        File.WriteAllText(Path.Combine(model, "model.safetensors"), "these weights!");
        Run(() => File.WriteAllText(Path.Combine(model, changed), text), saves: true);
        Run(() => File.WriteAllText(Path.Combine(model, changed), text + " "), saves: false);
        Assert.True(begun);

        void Run(Action change, bool saves)
        {
            var error = Refused(run =>
            {
                var given = run.Given("teacher", model);
                run.RunStage("correct", [], new Dictionary<string, string> { ["teacher"] = given.Hash }, (stage, _) =>
                {
                    (begun, folder) = (true, stage.Path);
                    change();
                    if (saves)
                        stage.Checkpoints.Save(1, [CheckpointPart.FromBytes("state", "weights"u8.ToArray())]);
                    return null;
                });
            });
            Assert.Contains($"{Path.Combine(model, changed)}: was changed since this run read it", error.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(folder, "stage.json")));
            Assert.False(Directory.Exists(Path.Combine(folder, "checkpoints", "step-1")));
        }
    }

    [Fact]
    public void What_is_made_of_a_model_that_only_gets_another_name_or_right_meanwhile_is_kept()
    {
        var model = _folder.Of("model");
        Directory.CreateDirectory(model);
        var weights = Path.Combine(model, "model.safetensors");
        File.WriteAllText(weights, "these weights!");
        Within(Run, run => run.RunStage("correct", [], new Dictionary<string, string> { ["teacher"] = run.Given("t", model).Hash },
            (_, _) =>
        {
            File.Copy(weights, weights + "2");
            File.Move(weights + "2", weights, overwrite: true);
            return null;
        }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_run_whose_folder_is_deleted_meanwhile_ends_and_does_not_make_it_again(bool isInTheMiddle)
    {
        var error = Refused(run =>
        {
            Stage(run, "correct", stage =>
            {
                if (!isInTheMiddle)
                    return;
                Directory.Delete(Run, recursive: true);
                stage.Checkpoints.Save(1, [CheckpointPart.FromBytes("state", "weights"u8.ToArray())]);
            });
            Directory.Delete(Run, recursive: true);
            Stage(run, "distill", _ => Assert.Fail("at work"));
        });
        Assert.Contains("run.lock: is no longer the file that this run locked", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, error.ExitCode);
        Assert.False(Directory.Exists(Run));
    }

    [Fact]
    public void A_run_whose_lock_is_deleted_ends_and_leaves_the_next_one_alone()
    {
        var error = Refused(run => Stage(run, "correct", _ =>
        {
            File.Delete(Path.Combine(Run, "run.lock"));
            Within(Run, second => Stage(second, "distill"));
        }));
        Assert.Contains("run.lock: is no longer the file that this run locked", error.Message, StringComparison.Ordinal);
        Within(Run, run => Stage(run, "distill", _ => Assert.Fail("done again")));
    }
}
