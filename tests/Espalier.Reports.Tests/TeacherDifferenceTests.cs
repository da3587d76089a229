using Espalier.Pipeline.Runs.Results;
using Espalier.Reports.Runs;
using Espalier.Tests;

namespace Espalier.Reports.Tests;

/// <summary>How far students are from their teachers, window by window.</summary>
public sealed class TeacherDifferenceTests : IDisposable
{
    private readonly SampleRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_student_is_compared_with_its_teacher_on_the_windows_that_both_saw()
    {
        Windows("evaluate-teacher", 3, 4, 5);
        Windows("evaluate-student", 3.5, 5, 5.5);
        var row = Assert.Single(TeacherDifference.Of([Arm("a")]), row => row.Against == "teacher");
        Assert.Equal(("a", "student", "held-out", 3), (row.Arm, row.Model, row.Set, row.Windows));
        Assert.Equal(2.0 / 3, row.Nll, 1e-12);
        // Deviations of 1/2, 1 and 1/2; Student's t of two degrees of freedom is 4.3027 at 95 %.
        Assert.Equal(2.0 / 3 - 4.3027 / 6, row.Lower, 1e-4);
        Assert.Equal(2.0 / 3 + 4.3027 / 6, row.Upper, 1e-4);
        // Recipes that share both models have one difference.
        Assert.Single(TeacherDifference.Of([Arm("a"), Arm("b")]), row => row.Against == "teacher");
    }

    [Fact]
    public void Other_windows_and_unknown_ones_give_no_difference()
    {
        Windows("evaluate-teacher", 3, 4, 5);
        Assert.Empty(TeacherDifference.Of([Arm("a")]));
        Windows("evaluate-student", 3, 4);
        Assert.Empty(TeacherDifference.Of([Arm("a")]));
        Windows("evaluate-student", 3, 4, 5);
        var fewer = Arm("a");
        fewer = fewer with
        {
            Rows = [.. fewer.Rows.Select(row => row.Model != "student" ? row
                : row with { Evaluations = [.. row.Evaluations.Select(one => one with { Tokens = one.Tokens - 1 })] })],
        };
        Assert.Empty(TeacherDifference.Of([fewer]));
        Assert.NotEmpty(TeacherDifference.Of([Arm("a")]));
    }

    private CompressResult Arm(string name)
    {
        var arm = _run.Arm(name);
        return arm with
        {
            Rows = [.. arm.Rows.Select(row => row with { Stage = row.Model is "student" or "teacher" ? $"evaluate-{row.Model}" : null })],
        };
    }

    private void Windows(string stage, params double[] losses)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_run.Path, "stages", stage)).FullName;
        File.WriteAllText(Path.Combine(folder, "losses.json"),
            JsonSerializer.Serialize(new Dictionary<string, double[]> { ["held-out"] = losses }));
    }
}
