using Espalier.Cli.Tests.Survival;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

/// <summary>What somebody meets who does not know the program: a word in time, once, in names that they gave.</summary>
public sealed class NewcomerTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public void A_prompt_may_stand_alone()
    {
        const string Options = "--greedy --max-tokens 5 --threads 1";
        Assert.Equal(Verb.Json($"generate {Verb.Teacher} --prompt Once {Options}").GetProperty("text").GetString(),
            Verb.Json($"generate {Verb.Teacher} Once {Options}").GetProperty("text").GetString());
        Assert.Contains("text to continue and --ids were both given", Verb.Refused($"generate {Verb.Teacher} Once --ids 1"));
        Assert.Contains("put the text to continue in quotes", Verb.Refused($"generate {Verb.Teacher} Once upon"));
    }

    [Fact]
    public void Need_says_its_verdict_once()
    {
        var (code, output, error) = TestCommand.Launch($"need {Verb.Teacher} --ids {Verb.TeacherIds} --sequence 32");
        Assert.True(code == 0, error);
        Assert.Single((output + error).Split("correction is not needed").Skip(1));
    }

    [Fact]
    public void Merge_says_that_a_folder_is_given_twice_and_where_checkpoints_are()
    {
        var (code, _, error) = TestCommand.Launch($"merge {Verb.Tiny} {Verb.Tiny}/ --output {At("merged")}");
        Assert.True(code == 0, error);
        Assert.Contains("is given 2 times and counts that often", error);
        Assert.Contains("none when it is done", Verb.Refused($"merge {Verb.Tiny} run/checkpoints/step-5 --output {At("other")}"));
    }

    [Fact]
    public void Plan_has_no_warning_of_what_init_writes()
    {
        _ = Verb.Json($"init {Verb.Teacher} {Path.Combine(Verb.Teacher, "self-written.jsonl")} --output {At("recipe.yaml")}");
        Assert.Contains("\ncycles:   auto\n", File.ReadAllText(At("recipe.yaml")));
        Assert.Empty(Verb.Json($"plan {At("recipe.yaml")} --no-calibration").GetProperty("warnings").EnumerateArray());
    }

    [Fact]
    public void A_result_that_is_replaced_and_comes_back_is_said()
    {
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        string Train(int steps)
        {
            var (code, _, error) = TestCommand.Launch(
                $"correct {Verb.Tiny} --ids {ids} --batch 2 --sequence 16 --steps {steps} --compute auto --output {At("out")}");
            Assert.True(code == 0, error);
            return error;
        }
        Assert.DoesNotContain("is replaced", Train(2));
        var first = File.ReadAllBytes(Path.Combine(At("out"), "model.safetensors"));
        // Before the training, while there is time to stop it.
        var again = Train(3);
        Assert.InRange(again.IndexOf("was written by an earlier run with other options and is replaced when this training is done",
            StringComparison.Ordinal), 0, again.IndexOf("correct: products are computed in", StringComparison.Ordinal));
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(again, "is replaced"));
        Assert.DoesNotContain("is replaced", Train(3));
        // What is deleted so that it is made again is not replaced by anything else.
        foreach (var stage in Directory.GetDirectories(Path.Combine(At("out.run"), "stages"), "correct-*"))
            if (File.ReadAllText(Path.Combine(stage, "stage.json")).Contains("\"steps\": 3", StringComparison.Ordinal))
                Directory.Delete(stage, recursive: true);
        var repeated = Train(3);
        Assert.DoesNotContain("correct: already done", repeated);
        Assert.DoesNotContain("is replaced", repeated);
        Assert.Contains("correct: already done", Train(2));
        Assert.Equal(first, File.ReadAllBytes(Path.Combine(At("out"), "model.safetensors")));
    }

    [MountTheory]
    [InlineData("merge M M --output")]
    [InlineData("prune M --random --hidden 32 --multiple 1 --output")]
    [InlineData("score M --method magnitude --output")]
    [InlineData("export M --output")]
    [InlineData("export M --type f32 --output")]
    [InlineData("depth M --ids 1,2,3,4,5,6,7,8 --sequence 3 --samples 1 --output")]
    public void A_full_disk_is_said_of_the_output(string line)
    {
        using var disk = SmallDisk.Mount(At("disk"), "16k");
        var output = Path.Combine(disk.Path, line.Contains("--type f32", StringComparison.Ordinal) ? "out.gguf" : "out");
        var (code, _, error) = TestCommand.Launch($"{line.Replace("M", Verb.Tiny, StringComparison.Ordinal)} {output}");
        Assert.InRange(code, 1, 2);
        var last = error.TrimEnd('\n').Split('\n')[^1];
        Assert.StartsWith($"espalier: error: {output}: ", last);
        Assert.DoesNotContain(".tmp-", last);
        Assert.DoesNotContain(" : ", last);
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
    }

    [MountFact]
    public void Room_for_a_training_is_asked_for_before_anything_is_computed()
    {
        using var disk = SmallDisk.Mount(At("disk"), "512k");
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        var line = Verb.Refused(
            $"correct {Verb.Tiny} --ids {ids} --batch 2 --sequence 16 --steps 2 --held-out 10% --output {Path.Combine(disk.Path, "out")}");
        Assert.Matches("three checkpoints and the model need [0-9]+ bytes but only [0-9]+ bytes is free there", line);
    }

    private string At(string name) => Path.Combine(_folder.Path, name);
}
