using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Compression.Importance;
using Espalier.Models;

namespace Espalier.Cli.Commands;

/// <summary>The part of <c>score</c> that compares two files of scores.</summary>
internal sealed class ScoreComparison
{
    private readonly Option<string[]> compare = new("--compare")
    {
        Description = "Two files of scores of one shape: rank correlations and overlap of what would be kept",
        HelpName = "A.json B.json",
        Arity = new ArgumentArity(2, 2),
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly NumberOption keep = new("--keep", "With --compare: share of the units that is kept of axes whose size is not given; two thirds by default", "SHARE");
    private readonly CountOption hidden = new("--hidden", "With --compare: channels that are kept");
    private readonly CountOption ffn = new("--ffn", "With --compare: neurons that are kept of a layer");
    private readonly CountOption heads = new("--heads", "With --compare: query heads that are kept of a layer");
    private readonly CountOption layers = new("--layers", "With --compare: layers that are kept");

    private Option[] Sizes => [keep, hidden, ffn, heads, layers];

    internal void AddTo(Command command)
    {
        command.Options.Add(compare);
        foreach (var option in Sizes)
            command.Options.Add(option);
    }

    internal bool IsAsked(CommandRun run) => run.Has(compare);

    /// <summary>Refuses options that only a comparison reads.</summary>
    internal void RequireNothing(CommandRun run)
    {
        if (Sizes.FirstOrDefault(run.Has) is { } option)
            throw new EspalierException($"{option.Name} is for --compare, which was not given");
    }

    internal void Run(CommandRun run)
    {
        var (a, b) = run.Get(compare) is [var first, var second] ? (first, second) : throw new EspalierException("--compare takes two files of scores");
        var share = run.Get(keep) ?? KeptSizes.DefaultShare;
        if (share is not (> 0 and <= 1))
            throw new EspalierException($"--keep is {share} and must be above 0 and at most 1: two thirds is 0.67");
        var (ofA, ofB) = (ScoresFile.Read(a), ScoresFile.Read(b));
        var sizes = new KeptSizes(share)
        {
            Sizes = new() { [Axis.Hidden] = run.Get(hidden), [Axis.Ffn] = run.Get(ffn), [Axis.Heads] = run.Get(heads), [Axis.Layers] = run.Get(layers) },
        };
        run.Write(
            new ScoreComparisonReport { A = a, B = b, Differences = ScoresComparison.Differences(ofA, ofB), Axes = ScoresComparison.Axes(ofA, ofB, sizes) },
            ScoreComparisonPage.Show);
    }
}
