using Espalier.Compression.Evaluation;
using Espalier.Compression.Search;
using Espalier.Compression.Training.Profiling;
using Espalier.Pipeline.Runs;
using Espalier.Reports.Runs;

namespace Espalier.Cli.Commands;

/// <summary>What was decided about a recipe's teacher.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Need">The test's result.</param>
internal sealed record NeedRow(string Arm, CorrectionTestResult Need);

/// <summary>What a recipe's search found.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Search">Its result.</param>
internal sealed record SearchRow(string Arm, SearchResult Search);

/// <summary>What <c>compress --json</c> prints.</summary>
internal sealed record CompressReport
{
    /// <summary>The run folder.</summary>
    public required string Output { get; init; }

    /// <summary>The students' Hugging Face folders, one a recipe.</summary>
    public required IReadOnlyList<string> Students { get; init; }

    /// <summary>Exported GGUF files.</summary>
    public required IReadOnlyList<string> Gguf { get; init; }

    /// <summary>The report.</summary>
    public required string Report { get; init; }

    /// <summary>The table: a row a model.</summary>
    public required IReadOnlyList<ModelRow> Rows { get; init; }

    /// <summary>Means and spreads over seeds, where a recipe ran with several.</summary>
    public IReadOnlyList<SeedSummary>? Seeds { get; init; }

    /// <summary>How far the recipes' students are apart, each pair once; absent with one recipe.</summary>
    public IReadOnlyList<ArmDifference>? Differences { get; init; }

    /// <summary>Whether the teacher needed correction, one a recipe that asked; absent where none did.</summary>
    public IReadOnlyList<NeedRow>? Need { get; init; }

    /// <summary>What the searches for a shape found, one a recipe that has one; absent where none has.</summary>
    public IReadOnlyList<SearchRow>? Search { get; init; }

    /// <summary>With <c>--profile</c>: where the time of the steps went, one a stage that trained now.</summary>
    public IReadOnlyList<StepProfile>? Profile { get; init; }

    /// <summary>What each stage took.</summary>
    public required IReadOnlyList<StageRow> Stages { get; init; }

    internal static CompressReport Of(IReadOnlyList<CompressResult> results, string output, string report) => new()
    {
        Seeds = SeedSummary.Of(results.SelectMany(result => result.Rows)) is { Count: > 0 } seeds ? seeds : null,
        Differences = ArmDifference.Of(results) is { Count: > 0 } differences ? differences : null,
        Output = output,
        Students = [.. results.Select(result => result.Student)],
        Gguf = [.. results.SelectMany(result => result.Gguf)],
        Report = report,
        Rows = [.. results.SelectMany(result => result.Rows)],
        Need = results.Any(result => result.Need is not null) ? [.. results.Where(result => result.Need is not null).Select(result => new NeedRow(result.Arm, result.Need!))] : null,
        Search = results.Any(result => result.Search is not null) ? [.. results.Where(result => result.Search is not null).Select(result => new SearchRow(result.Arm, result.Search!))] : null,
        Stages = [.. results.SelectMany(result => result.Stages).DistinctBy(stage => stage.Folder)],
    };
}
