using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Comparison;
using Espalier.Pipeline.Cards;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Pruning;

/// <summary>The part of <c>score</c> that compares two files of scores.</summary>
internal sealed class ScoreComparison
{
    private readonly Option<string[]> _compare = new("--compare")
    {
        Description = "Two files of scores for the same shape: shows rank correlations and the overlap of the units kept",
        HelpName = "A.json B.json",
        Arity = new ArgumentArity(2, 2),
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly ValueOption<double> _keep = new("--keep",
        Kinds.ShareOf(Limits.Above(0).UpTo(1)),
        "With --compare: share of units kept on axes whose size is not given; by default two thirds");
    private readonly (Axis Axis, ValueOption<int> Option)[] _sizes =
    [
        .. Axis.Asked.Where(axis => axis == Axis.Layers || Axis.Scored.Contains(axis)).Select(axis => (axis, new ValueOption<int>(
            $"--{axis}", Kinds.Size(), $"With --compare: {axis.Units} kept{(axis.IsPerLayer ? " per layer" : "")}"))),
    ];

    private IEnumerable<Option> Sizes => [_keep, .. _sizes.Select(size => size.Option)];

    internal IEnumerable<Option> Options => [_compare, .. Sizes];

    internal bool IsAsked(CommandRun run) => run.Has(_compare);

    /// <summary>Refuses options that only a comparison reads.</summary>
    internal void RequireNothing(CommandRun run)
    {
        if (Sizes.FirstOrDefault(run.Has) is { } option)
            throw new EspalierException($"{option.Name} is for --compare, which was not given");
    }

    internal void Run(CommandRun run)
    {
        var (a, b) = run.Get(_compare) is [var first, var second] ? (first, second)
            : throw new EspalierException("--compare takes two files of scores");
        var share = run.Get(_keep) ?? KeptSizes.DefaultShare;
        var (ofA, ofB) = (ScoresFile.Read(a), ScoresFile.Read(b));
        var sizes = new KeptSizes(share)
        {
            Sizes = new(axis => _sizes.FirstOrDefault(size => size.Axis == axis).Option is { } option ? run.Get(option) : null),
        };
        run.Write(
            new ScoreComparisonReport(a, b, ScoresComparison.Differences(ofA, ofB), ScoresComparison.Axes(ofA, ofB, sizes)), Show);
    }

    private static void Show(Page page, ScoreComparisonReport report)
    {
        page.Heading($"{report.A} and {report.B}");
        foreach (var (field, a, b) in report.Differences)
            page.Line($"{field} differs: {Short(a)} and {Short(b)}");
        var table = new TextTable("axis", ">units", ">kept", ">rank correlation", ">of all layers together", ">kept by both");
        foreach (var axis in report.Axes)
            table.Add(
                axis.Axis, axis.Units.ToString(CultureInfo.InvariantCulture), axis.Kept.ToString(CultureInfo.InvariantCulture),
                Digits(axis.Correlation),
                axis.CorrelationPerLayer is null ? "" : Digits(axis.NetworkCorrelation), Percent(axis.Overlap));
        page.Table(table);
        var count = report.Axes.Single(axis => axis.Axis == Axis.Layers.Units).Units;
        AxisAgreement[] each = [.. report.Axes.Where(axis => axis.CorrelationPerLayer?.Length == count)];
        var layers = new TextTable([">layer",
            .. each.SelectMany(axis => new Column[] { $">{axis.Axis}, correlation", ">kept by both" })]);
        for (var layer = 0; layer < count; layer++)
            layers.Add([layer.ToString(CultureInfo.InvariantCulture), .. each.SelectMany(axis => new[]
            {
                Digits(axis.CorrelationPerLayer![layer]), Percent(axis.OverlapPerLayer![layer]),
            })]);
        page.Table(layers);
    }

    private static string Short(string value) => value.Length == 0 ? "nothing" : value.Length > 16 ? value[..12] + "…" : value;

    private static string Digits(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}

/// <summary>What <c>score --compare</c> prints.</summary>
/// <param name="A">The first file.</param>
/// <param name="B">The second file.</param>
/// <param name="Differences">What of their provenance differs.</param>
/// <param name="Axes">neurons, heads, channels, layers.</param>
internal sealed record ScoreComparisonReport(
    string A, string B, IReadOnlyList<ProvenanceDifference> Differences, IReadOnlyList<AxisAgreement> Axes);
