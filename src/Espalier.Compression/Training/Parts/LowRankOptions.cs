namespace Espalier.Compression.Training.Parts;

/// <summary>
/// Low-rank adaptation (LoRA, arXiv 2106.09685): the model's weights stay, and what is trained are two small factors beside each matrix
/// of the blocks: W + alpha / rank · B A.
/// </summary>
/// <param name="Rank">Rows of A, columns of B.</param>
/// <param name="Alpha">Over the rank, what multiplies B A.</param>
/// <param name="Targets">Which matrices have them.</param>
/// <param name="Seed">Seed of A.</param>
internal sealed record LowRankOptions(int Rank, double Alpha, LowRankTargets Targets, ulong Seed)
{
    /// <summary>What multiplies B A.</summary>
    public double Scale => Alpha / Rank;

    /// <summary>Checks every field.</summary>
    /// <exception cref="EspalierException">A value that cannot work, naming the field.</exception>
    public void Validate()
    {
        if (Rank < 1)
            throw new EspalierException($"lora-rank is {Rank}; it must be at least 1");
        if (!(Alpha > 0 && double.IsFinite(Alpha)))
            throw new EspalierException($"lora-alpha is {Alpha}; it must be above 0");
    }

    /// <summary>Gives a model fresh adapters, on the targets that are not frozen.</summary>
    /// <exception cref="EspalierException">There are none.</exception>
    public void AttachTo(Decoder model, FrozenParts frozen)
    {
        var adapted = Targets.Within(model.Parameters.Select(p => p.Parameter), frozen).ToHashSet();
        model.Attach([.. model.Parameters.Where(p => adapted.Contains(p.Parameter))
            .Select(p => LowRankAdapter.Fresh(p.Parameter, p.Value, Rank, Scale, Seed))]);
    }

    /// <summary>Numbers of the two factors beside a matrix.</summary>
    public long FactorsOf(long rows, long columns) => Rank * (rows + columns);

    /// <summary>What a factor is called in a checkpoint: as peft calls it, in front of what the matrix's name ends in.</summary>
    /// <param name="matrix">The matrix's name, <c>….q_proj.weight</c>.</param>
    /// <param name="factor"><c>A</c> or <c>B</c>.</param>
    public static string NameOf(string matrix, char factor) =>
        matrix.Replace(".weight", $".lora_{factor}.weight", StringComparison.Ordinal);
}
