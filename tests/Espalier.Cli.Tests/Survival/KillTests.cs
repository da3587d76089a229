using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>A run of 40 training steps, killed and stopped in every way: promises R1, R6 and R15 on the real program.</summary>
public sealed class KillTests : IDisposable
{
    private const string Correct = "correct: { steps: 20, batch: 4, learning-rate: 3e-3 to 3e-4, warm-up: 2, checkpoint-every: 4, evaluate-every: 8 }";

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-kill-").FullName;

    [Fact]
    public void Killed_again_and_again_at_random_moments_the_run_ends_with_the_same_bits()
    {
        var undisturbed = Finish("undisturbed");
        var random = new Random(20261122);
        var killed = Path.Combine(_folder, "killed");
        var kills = 0;
        for (var i = 0; i < 10; i++)
        {
            using var program = Start("killed");
            // Half of the kills wait for the training to have begun, so that they fall between and into checkpoints.
            if (i % 2 == 1)
                program.Until(() => Directory.Exists(killed) && Directory.EnumerateDirectories(killed, "step-*", SearchOption.AllDirectories).Any());
            Thread.Sleep(random.Next(0, i % 2 == 1 ? 150 : 900));
            if (program.HasExited)
                break;
            program.Kill();
            kills++;
        }
        Assert.True(kills >= 3, $"only {kills} kills met a running program: the run is too short for this test");
        AssertSame(undisturbed, Finish("killed"));
    }

    [Fact]
    public void A_teacher_that_is_corrected_meanwhile_survives_a_kill_with_the_same_bits()
    {
        const string correct = "correct: { mode: parallel, learning-rate: 2e-3 }";
        var undisturbed = Finish("undisturbed", correct);
        using (var program = Start("killed", correct))
        {
            var killed = Path.Combine(_folder, "killed");
            program.Until(() => Directory.Exists(killed) && Directory.EnumerateDirectories(killed, "step-*", SearchOption.AllDirectories).Any());
            Assert.False(program.HasExited, "the run ended before it could be killed");
            program.Kill();
        }
        var resumed = Finish("killed", correct);
        AssertSame(undisturbed, resumed);
        static string Teacher(string run) => Directory.EnumerateDirectories(run, "teacher", SearchOption.AllDirectories).Single();
        Assert.Equal(File.ReadAllBytes(Path.Combine(Teacher(undisturbed), "model.safetensors")), File.ReadAllBytes(Path.Combine(Teacher(resumed), "model.safetensors")));
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(Fixtures.Golden("pruning", "teacher"), "model.safetensors")), File.ReadAllBytes(Path.Combine(Teacher(resumed), "model.safetensors")));
    }

    [Fact]
    public void Stopped_by_a_signal_it_saves_exits_with_130_and_goes_on()
    {
        var undisturbed = Finish("undisturbed");
        using (var program = Start("stopped"))
        {
            var stopped = Path.Combine(_folder, "stopped");
            program.Until(() => Directory.Exists(stopped) && Directory.EnumerateFiles(stopped, "metrics.jsonl", SearchOption.AllDirectories).Any(file => new FileInfo(file).Length > 0));
            program.Terminate();
            var code = program.Wait();
            Assert.True(code == 130, $"exit code {code}: {program.Error}");
            Assert.Contains("saved at step", program.Error);
        }
        AssertSame(undisturbed, Finish("stopped"));
    }

    [Fact]
    public void A_second_run_in_the_same_folder_is_refused_naming_the_first()
    {
        using var first = Start("shared");
        first.Until(() => File.Exists(Path.Combine(_folder, "shared", "run.json")));
        using var second = Start("shared");
        Assert.Equal(2, second.Wait());
        Assert.Contains($"{first.Id}", second.Error);
        first.Kill();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private RealProgram Start(string name, string? correct = null) => new("compress", Recipe(correct ?? Correct), "--output", Path.Combine(_folder, name), "--threads", "1");

    private string Finish(string name, string? correct = null)
    {
        using var program = Start(name, correct);
        var code = program.Wait();
        Assert.True(code == 0, program.Error);
        return Path.Combine(_folder, name);
    }

    /// <summary>The tiny golden teacher on ids that a formula gives: correction and distillation of 20 steps each.</summary>
    private string Recipe(string correct)
    {
        var ids = Path.Combine(_folder, "ids.u16");
        if (!File.Exists(ids))
        {
            File.WriteAllBytes(ids, [.. Enumerable.Range(0, 20_000).SelectMany(i => BitConverter.GetBytes((ushort)(i * i % 127)))]);
            File.WriteAllText(Path.Combine(_folder, "recipe.yaml"), $$"""
                teacher: {{Fixtures.Golden("pruning", "teacher")}}
                data: { train: {{ids}}, held-out: 5%, sequence: 32 }
                {{correct}}
                score: { samples: 32 }
                prune: { hidden: 32, ffn: 64, heads: 4 }
                distill: { steps: 20, batch: 4, learning-rate: 1e-2 to 1e-3, warm-up: 2, checkpoint-every: 4, evaluate-every: 8 }
                evaluate: [ held-out ]
                export: [ hf, gguf-f32 ]
                """);
        }
        return Path.Combine(_folder, "recipe.yaml");
    }

    private static void AssertSame(string expected, string actual)
    {
        Assert.Equal(File.ReadAllBytes(Path.Combine(expected, "student", "model.safetensors")), File.ReadAllBytes(Path.Combine(actual, "student", "model.safetensors")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(expected, "student-f32.gguf")), File.ReadAllBytes(Path.Combine(actual, "student-f32.gguf")));
        string[] Logs(string run) => [.. Directory.EnumerateFiles(run, "metrics.jsonl", SearchOption.AllDirectories).Order().Select(file => $"{Path.GetRelativePath(run, file)}\n{File.ReadAllText(file)}")];
        Assert.Equal(Logs(expected), Logs(actual));
    }
}
