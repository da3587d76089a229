using System.CommandLine;
using System.Globalization;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Comparison;
using Espalier.Models;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands;

/// <summary>The part of <c>score</c> that compares two files of scores.</summary>
internal sealed class ScoreComparison
{
    private readonly Option<string[]> _compare = new("--compare")
    {
        Description = "Two files of scores of one shape: rank correlations and overlap of what would be kept",
        HelpName = "A.json B.json",
        Arity = new ArgumentArity(2, 2),
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly ValueOption<double> _keep = new("--keep",
        Kinds.ShareOf(Limits.Above(0).UpTo(1)),
        "With --compare: share of the units that is kept of axes whose size is not given; two thirds by default");
    private readonly ValueOption<int> _hidden = Size("--hidden", "channels that are kept");
    private readonly ValueOption<int> _ffn = Size("--ffn", "neurons that are kept of a layer");
    private readonly ValueOption<int> _heads = Size("--heads", "query heads that are kept of a layer");
    private readonly ValueOption<int> _layers = Size("--layers", "layers that are kept");

    private Option[] Sizes => [_keep, _hidden, _ffn, _heads, _layers];

    internal void AddTo(Command command)
    {
        command.Options.Add(_compare);
        foreach (var option in Sizes)
            command.Options.Add(option);
    }

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
            Sizes = new()
            {
                [Axis.Hidden] = run.Get(_hidden),
                [Axis.Ffn] = run.Get(_ffn),
                [Axis.Heads] = run.Get(_heads),
                [Axis.Layers] = run.Get(_layers)
            },
        };
        run.Write(
            new ScoreComparisonReport(a, b, ScoresComparison.Differences(ofA, ofB), ScoresComparison.Axes(ofA, ofB, sizes)), Show);
    }

    private static ValueOption<int> Size(string name, string kept) => new(name, Kinds.Size(), $"With --compare: {kept}");

    private static void Show(Page page, ScoreComparisonReport report)
    {
        page.Heading($"{report.A} and {report.B}");
        foreach (var (field, a, b) in report.Differences)
            page.Line($"{field} differs: {Short(a)} and {Short(b)}");
        var table = new TextTable(
            new("axis"), new("units", Number: true), new("kept", Number: true), new("rank correlation", Number: true),
            new("of all layers together", Number: true), new("kept by both", Number: true));
        foreach (var axis in report.Axes)
            table.Add(
                axis.Axis, axis.Units.ToString(CultureInfo.InvariantCulture), axis.Kept.ToString(CultureInfo.InvariantCulture),
                Digits(axis.Correlation),
                axis.CorrelationPerLayer is null ? "" : Digits(axis.NetworkCorrelation), Percent(axis.Overlap));
        page.Table(table);
        var (neurons, heads) = (report.Axes.Single(axis => axis.Axis == "neurons"), report.Axes.Single(axis => axis.Axis == "heads"));
        var layers = new TextTable(
            new("layer", Number: true), new("neurons, correlation", Number: true), new("kept by both", Number: true),
            new("heads, correlation", Number: true), new("kept by both", Number: true));
        for (var layer = 0; layer < neurons.CorrelationPerLayer!.Length; layer++)
            layers.Add(
                layer.ToString(CultureInfo.InvariantCulture), Digits(neurons.CorrelationPerLayer[layer]),
                Percent(neurons.OverlapPerLayer![layer]),
                Digits(heads.CorrelationPerLayer![layer]), Percent(heads.OverlapPerLayer![layer]));
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
