using Espalier.Pipeline.Runs.Results;
using Espalier.Reports.Runs;
using Espalier.Tests;

namespace Espalier.Reports.Tests;

/// <summary>What students of recipes are compared over.</summary>
public sealed class ArmDifferenceTests : IDisposable
{
    private readonly SampleRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Seeds_that_nothing_drew_on_are_one_run_and_windows_are_compared()
    {
        Windows("evaluate-a", 3, 4, 5);
        Windows("evaluate-b", 2.5, 3, 4.5);
        CompressResult[] arms = [.. from recipe in (string[])["a", "b"] from seed in (long[])[1, 2, 3] select Arm(recipe, seed)];
        var held = ArmDifference.Of(arms).Single(row => row.Set == "held-out");
        Assert.Equal(("windows", 3), (held.Over, held.Pairs));
        Assert.Equal(-2.0 / 3, held.Nll, 1e-12);
        // Deviations of -1/2, -1 and -1/2; Student's t of two degrees of freedom is 4.3027 at 95 %.
        Assert.Equal(4.3027 / 6, (held.Upper - held.Lower) / 2, 1e-4);
        // One recipe that draws is enough for three different runs.
        for (var i = 3; i < 6; i++)
            Windows($"evaluate-b{i}", 2.5, 3, 4.5);
        arms = [.. arms.Select((arm, i) => i < 3 ? arm : Arm("b", i - 2, $"evaluate-b{i}"))];
        Assert.Equal(("seeds", 3), (ArmDifference.Of(arms)[0].Over, ArmDifference.Of(arms)[0].Pairs));
    }

    private CompressResult Arm(string recipe, long seed, string? stage = null)
    {
        var arm = _run.Arm(SeedSummary.NameOf(recipe, seed));
        return arm with
        {
            Rows = [.. arm.Rows.Select(row => row with { Stage = row.Model == "student" ? stage ?? $"evaluate-{recipe}" : null })],
        };
    }

    private void Windows(string stage, params double[] losses)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_run.Path, "stages", stage)).FullName;
        File.WriteAllText(Path.Combine(folder, "losses.json"),
            JsonSerializer.Serialize(new Dictionary<string, double[]> { ["held-out"] = losses }));
    }
}
