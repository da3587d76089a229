using Espalier.Cli.Commands.Shared;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Folders;

/// <summary>The table of models that <c>compress</c> prints: how it says speeds.</summary>
public sealed class ModelTableTests : IDisposable
{
    private readonly SampleRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_speed_that_was_measured_once_does_not_stand_in_it()
    {
        var rows = _run.Arm("arm").Rows.Select(row => row with { Speed = new(777, 777, 777, 1, 96) }).ToArray();
        Assert.All(ModelTable.Of(rows).Rows, row => Assert.Empty(row[^1]));
        Assert.Null(ModelTable.Legend(rows));
    }

    [Fact]
    public void A_speed_stands_with_its_spread_and_the_length_it_was_measured_over()
    {
        var rows = _run.Arm("arm").Rows;
        Assert.Equal("374 (355 to 385)", ModelTable.Of(rows).Rows[^1][^1]);
        Assert.Contains("96 tokens; the median of 5 measurements", ModelTable.Legend(rows), StringComparison.Ordinal);
    }

    [Fact]
    public void A_teacher_that_was_evaluated_on_two_texts_stands_twice()
    {
        var rows = _run.Arm("a").Rows.Select(row => row with { Stage = $"evaluate-a-{row.Model}" })
            .Concat(_run.Arm("b").Rows.Select(row => row with { Stage = $"evaluate-b-{row.Model}" })).ToArray();
        Assert.Equal(2, ModelTable.Of(rows).Rows.Count(row => row[1] == "teacher"));
        rows = [.. rows.Select(row => row with { Stage = $"evaluate-{row.Model}" })];
        Assert.Equal(1, ModelTable.Of(rows).Rows.Count(row => row[1] == "teacher"));
    }
}
