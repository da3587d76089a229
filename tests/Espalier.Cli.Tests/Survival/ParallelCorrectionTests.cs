using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>Teacher and student trained in one loop: killed, it goes on with the same bits of both.</summary>
public sealed class ParallelCorrectionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-parallel-").FullName;

    [Fact]
    public void A_teacher_that_is_corrected_meanwhile_survives_a_kill_with_the_same_bits()
    {
        var undisturbed = Finish("undisturbed");
        using (var program = Start("killed"))
        {
            var killed = Path.Combine(_folder, "killed");
            program.Until(() => Directory.Exists(killed)
                && Directory.EnumerateDirectories(killed, "step-*", SearchOption.AllDirectories).Any());
            Assert.False(program.HasExited, "the run ended before it could be killed");
            program.Kill();
        }
        var resumed = Finish("killed");
        Assert.Equal(Weights(Path.Combine(undisturbed, "student")), Weights(Path.Combine(resumed, "student")));
        Assert.Equal(Weights(Teacher(undisturbed)), Weights(Teacher(resumed)));
        Assert.NotEqual(Weights(Fixtures.Golden("pruning", "teacher")), Weights(Teacher(resumed)));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Teacher(string run) => Directory.EnumerateDirectories(run, "teacher", SearchOption.AllDirectories).Single();

    private static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));

    private RealProgram Start(string name)
    {
        var (ids, recipe) = (Path.Combine(_folder, "ids.u16"), Path.Combine(_folder, "recipe.yaml"));
        if (!File.Exists(recipe))
        {
            File.WriteAllBytes(ids, [.. Enumerable.Range(0, 20_000).SelectMany(i => BitConverter.GetBytes((ushort)(i * i % 127)))]);
            File.WriteAllText(recipe, $$"""
                teacher: {{Fixtures.Golden("pruning", "teacher")}}
                data: { train: {{ids}}, held-out: 5%, sequence: 32 }
                correct: { mode: parallel, learning-rate: 2e-3 }
                score: { samples: 32 }
                prune: { hidden: 32, ffn: 64, heads: 4 }
                distill: { steps: 20, batch: 4, learning-rate: 1e-2 to 1e-3, warm-up: 2, checkpoint-every: 4, evaluate-every: 8 }
                evaluate: [ held-out ]
                """);
        }
        return new("compress", recipe, "--output", Path.Combine(_folder, name), "--threads", "1");
    }

    private string Finish(string name)
    {
        using var program = Start(name);
        var code = program.Wait();
        Assert.True(code == 0, program.Error);
        return Path.Combine(_folder, name);
    }
}
