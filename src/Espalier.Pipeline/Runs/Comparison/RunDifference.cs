using System.Text.Json.Serialization;

namespace Espalier.Pipeline.Runs.Comparison;

/// <summary>One place where two runs differ.</summary>
/// <param name="File">The file, relative to the two folders.</param>
/// <param name="Place">
/// Where in it, in words: <c>step 7, loss</c>; <c>tensor lm_head.weight, element 12</c>; empty for the file itself.
/// </param>
/// <param name="A">What the first run has there.</param>
/// <param name="B">What the second run has there.</param>
internal sealed record RunDifference(string File, string Place, string A, string B)
{
    /// <summary>The step, where the place is a line of metrics.</summary>
    public long? Step { get; init; }

    /// <summary>The field of a metrics line or a result.</summary>
    public string? Field { get; init; }

    public string? Tensor { get; init; }

    /// <summary>Index of the element, row-major over the whole tensor; for bytes, of the byte in the file.</summary>
    public long? Element { get; init; }
}

/// <summary>How far two tensors, or two runs' values of a metric, are apart at most; only those that differ at all are listed.</summary>
/// <param name="File">The file, relative to the two folders.</param>
/// <param name="Name">The tensor or field.</param>
/// <param name="Largest">Largest absolute difference; infinite where one alone is no number.</param>
/// <param name="At">Index of the element, or the step.</param>
internal sealed record RunDistance(string File, string Name, double Largest, long At);

/// <summary>What was checked of the models that a stage made in two runs, and held.</summary>
/// <param name="Stage">The stage's folder.</param>
/// <param name="A">In the first run; null where its stage is of an earlier version, or not done.</param>
/// <param name="B">In the second run.</param>
internal sealed record ComparedChecks(string Stage, IReadOnlyList<string>? A, IReadOnlyList<string>? B);

/// <summary>What comparing two runs found.</summary>
/// <param name="A">The first folder.</param>
/// <param name="B">The second folder.</param>
/// <param name="First">The first difference in the order of the work, or null: the runs are equal.</param>
/// <param name="Distances">
/// Where numbers differ, within the tolerance or not, in the order of the work; up to the first difference that is no number.
/// </param>
/// <param name="Files">Files of each side that were compared.</param>
/// <param name="Lines">Metrics lines compared.</param>
/// <param name="Tensors">Tensors compared.</param>
/// <param name="Checks">What was checked of the models that stages made, and held (<see cref="StageRecord.Checks"/>).</param>
internal sealed record RunComparisonResult(
    string A, string B, [property: JsonPropertyName("first_difference")]
        RunDifference? First, IReadOnlyList<RunDistance> Distances, int Files, long Lines, long Tensors,
        IReadOnlyList<ComparedChecks> Checks)
{
    /// <summary>Whether nothing differs, or by no more than the tolerance.</summary>
    public bool Equal => First is null;
}

/// <summary>How runs are compared.</summary>
/// <param name="Exact">Every bit of everything that does not depend on the clock; otherwise numbers by value.</param>
/// <param name="Tolerance">How far numbers may be apart; 0 with <paramref name="Exact"/>.</param>
internal sealed record RunComparisonOptions(bool Exact = false, double Tolerance = 0);
