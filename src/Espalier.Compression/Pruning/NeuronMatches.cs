using Espalier.Compression.Pruning.Experts;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;

namespace Espalier.Compression.Pruning;

/// <summary>The matches of all experts that a plan merges.</summary>
internal sealed class NeuronMatches
{
    private readonly Dictionary<(int Layer, int Gone), int[]> _neurons = [];

    /// <summary>Finds them, one after the other.</summary>
    public static NeuronMatches Of(Checkpoint teacher, PruningPlan plan, IProgressReporter progress, CancellationToken stop)
    {
        var matches = new NeuronMatches();
        if (plan.ExpertMerges?.Sum(merges => merges.Length) is not (> 0 and var pairs))
            return matches;
        using var task = progress.Begin("match neurons", pairs, "pairs of experts");
        for (var i = 0; i < plan.Layers.Length; i++)
            foreach (var merge in plan.ExpertMerges[i])
            {
                stop.ThrowIfCancellationRequested();
                matches._neurons.Add((plan.Layers[i], merge.Gone), NeuronMatch.Of(teacher, plan.Layers[i], merge, stop));
                task.Advance(1);
            }
        return matches;
    }

    /// <summary>What goes into a row of a matrix, or of a bias, of an expert that stays.</summary>
    /// <param name="family">Whose names they are.</param>
    /// <param name="matrix">The teacher's matrix.</param>
    /// <param name="merges">Those of its layer.</param>
    public RowPart[] Parts(Family family, Parameter matrix, int row, ExpertMerge[] merges) =>
        [.. merges.Where(merge => merge.Expert == matrix.Expert).Select(merge =>
        {
            var (name, neurons) = (family.NameOf(matrix with { Expert = merge.Gone }), _neurons[(matrix.Layer, merge.Gone)]);
            return matrix.Role switch
            {
                ParameterRole.ExpertDownProjection => new RowPart(name, row, merge.Share, neurons),
                ParameterRole.ExpertDownProjectionBias => new(name, row, merge.Share),
                _ => new(name, neurons[row], merge.Share),
            };
        })];
}
