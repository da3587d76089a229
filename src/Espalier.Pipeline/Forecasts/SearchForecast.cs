using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Forecasts;

/// <summary>What a search takes at most: all its rungs, with the dearest candidates going on.</summary>
internal static class SearchForecast
{
    /// <summary>The cost.</summary>
    /// <param name="section">The search.</param>
    /// <param name="distill">How candidates are trained.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="candidates">Those that are trained.</param>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="evaluated">Tokens that a candidate is evaluated on at a rung.</param>
    /// <param name="gflops">This machine's speed; null where nobody knows.</param>
    public static SearchCost Of(
        SearchSection section, TrainingSection distill, DecoderConfig teacher, IReadOnlyList<Candidate> candidates, int sequence,
        long evaluated, double? gflops)
    {
        var dear = candidates.Select(candidate => candidate.Shape.ForwardFlopsPerToken(sequence)).OrderDescending().ToArray();
        var ofTeacher = distill.NeedsTeacher ? teacher.ForwardFlopsPerToken(sequence) : 0;
        var (tokens, flops, before) = (0L, 0.0, 0L);
        foreach (var (rung, count) in section.Rungs.Zip(Halving.Sizes(candidates.Count)))
        {
            var each = checked((rung - before) * section.Training(distill, rung).Batch * sequence);
            tokens += checked(count * (each + evaluated));
            flops += dear.Take(count).Sum(forward => each * (3 * forward + ofTeacher) + evaluated * forward);
            before = rung;
        }
        return new(tokens, flops, gflops is { } speed ? DeviceSpeed.FromProduct(speed).TrainingSeconds(flops) : null);
    }

    /// <summary>Operations of what was done: tokens trained on and evaluated by a candidate.</summary>
    public static double FlopsOf(Candidate candidate, TrainingSection distill, DecoderConfig teacher, int sequence, long trained,
        long evaluated)
    {
        var forward = candidate.Shape.ForwardFlopsPerToken(sequence);
        return trained * (3 * forward + (distill.NeedsTeacher ? teacher.ForwardFlopsPerToken(sequence) : 0)) + evaluated * forward;
    }
}
