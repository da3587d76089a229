using System.Globalization;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Commands;

/// <summary>What <c>compare-runs --json</c> prints.</summary>
internal sealed record CompareRunsReport
{
    /// <summary>The first folder.</summary>
    public required string A { get; init; }

    /// <summary>The second folder.</summary>
    public required string B { get; init; }

    /// <summary>Whether nothing differs, or by no more than the tolerance.</summary>
    public required bool Equal { get; init; }

    /// <summary>Whether bits were compared.</summary>
    public required bool Exact { get; init; }

    /// <summary>How far numbers might be apart.</summary>
    public required double Tolerance { get; init; }

    /// <summary>Files that were compared, up to the first difference with --exact.</summary>
    public required int Files { get; init; }

    /// <summary>Metrics lines that were compared.</summary>
    public required long Lines { get; init; }

    /// <summary>Tensors that were compared.</summary>
    public required long Tensors { get; init; }

    /// <summary>The first difference; absent where there is none.</summary>
    public required RunDifference? FirstDifference { get; init; }

    /// <summary>What differs by how much, by value; infinity as null.</summary>
    public required IReadOnlyList<RunDistance> Distances { get; init; }

    internal static CompareRunsReport Of(RunComparisonResult result, RunComparisonOptions options) => new()
    {
        A = result.A,
        B = result.B,
        Equal = result.First is null,
        Exact = options.Exact,
        Tolerance = options.Tolerance,
        Files = result.Files,
        Lines = result.Lines,
        Tensors = result.Tensors,
        FirstDifference = result.First,
        Distances = result.Distances,
    };

    /// <summary>What was compared, in words.</summary>
    internal string Compared => string.Create(CultureInfo.InvariantCulture, $"{Files} files, {Lines} lines of metrics, {Tensors} tensors");
}
