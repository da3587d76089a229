namespace Espalier.Pipeline.Runs;

/// <summary>One stage of those to come.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Name">The stage's.</param>
/// <param name="Cycle">
/// The cycle of pruning and distilling that it belongs to, from 1; null where there is one, or it belongs to none.
/// </param>
/// <param name="Round">The round of iterative importance within the cycle, from 1; null where there is one.</param>
internal sealed record PlannedStage(string Arm, string Name, int? Cycle = null, int? Round = null)
{
    /// <summary>A stage's name with cycle and round: <c>prune, cycle 2, round 1</c>.</summary>
    public static string TitleOf(string name, int? cycle, int? round) =>
        $"{name}{(cycle is null ? "" : $", cycle {cycle}")}{(round is null ? "" : $", round {round}")}";
}
