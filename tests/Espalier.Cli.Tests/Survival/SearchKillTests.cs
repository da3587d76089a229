using Espalier.Pipeline.Runs.Comparison;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>
/// kill -9 in a search: in the training of a candidate, in the write of its checkpoint, between two of them. It ends as if nothing had
/// been.
/// </summary>
[Collection(SharedSmallRun.Name)]
public sealed class SearchKillTests(SmallRun small)
{
    [Fact]
    public void Killed_again_and_again_a_search_chooses_by_the_same_bits()
    {
        var recipe =
            small.WriteRecipe("search", "3e-3 to 3e-4", "search: { layers: [4, 5], hidden: [32, 40], candidates: 4, rungs: [6, 12, 18] }");
        var undisturbed = small.At("search-undisturbed");
        Finish(undisturbed);
        var random = new Random(20261122);
        var (kills, wanted, run, runs) = (0, LongRun.Times(5, 50), small.At("search-killed-0"), 0);
        for (var attempt = 0; kills < wanted; attempt++)
        {
            Assert.True(attempt < 4 * wanted, $"{attempt} starts met only {kills} times a program that could be killed");
            using var program = Start(run);
            var (candidates, lines) = (Candidates(run), SmallRun.Logs(run).Sum(log => log.Length));
            if (attempt % 3 == 0)
                program.Until(() => Candidates(run) > candidates);
            else if (attempt % 3 == 1)
                program.Until(() => Candidates(run) > 0 && SmallRun.Logs(run).Sum(log => log.Length) > lines);
            else
                program.Spin(() => SmallRun.Checkpoints(run, ".tmp").Length > 0);
            Thread.Sleep(random.Next(0, 100));
            if (!program.HasExited)
            {
                program.Kill();
                kills++;
                continue;
            }
            Assert.True(program.Wait() == 0, program.Error);
            AssertSame(undisturbed, run);
            run = small.At($"search-killed-{++runs}");
        }
        Finish(run);
        AssertSame(undisturbed, run);

        RealProgram Start(string output) => new("search", recipe, "--output", output, "--threads", "1");

        void Finish(string output)
        {
            using var program = Start(output);
            Assert.True(program.Wait() == 0, program.Error);
        }
    }

    private static int Candidates(string run) =>
        !Directory.Exists(Path.Combine(run, "stages")) ? 0
            : Directory.EnumerateDirectories(Path.Combine(run, "stages"), "candidate-*").Count();

    private static void AssertSame(string undisturbed, string run)
    {
        var result = RunComparison.Run(undisturbed, run, new(Exact: true));
        Assert.True(result.First is null, $"{result.First}");
        string Result(string folder) => File.ReadAllText(Directory.GetFiles(folder, "search.json", SearchOption.AllDirectories).Single());
        Assert.Equal(Result(undisturbed), Result(run));
    }
}
