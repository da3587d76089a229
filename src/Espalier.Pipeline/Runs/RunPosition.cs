namespace Espalier.Pipeline.Runs;

/// <summary>Where a run is among the stages that its recipes will need.</summary>
/// <param name="Stage">The stage at work, from 1.</param>
/// <param name="Of">How many there are; one that turns out not to be needed is passed over.</param>
/// <param name="Name">Its name.</param>
/// <param name="Arm">The recipe that it belongs to.</param>
/// <param name="Cycle">
/// The cycle of pruning and distilling that it belongs to, from 1; null where there is one, or it belongs to none.
/// </param>
/// <param name="Round">The round of iterative importance within the cycle, from 1; null where there is one.</param>
internal sealed record RunPosition(int Stage, int Of, string Name, string Arm, int? Cycle = null, int? Round = null)
{
    /// <summary>
    /// The name of a stage at work there with the place's cycle and round: <c>prune, cycle 2, round 1</c>; of one that is part of the place
    /// and has no number of its own, after the place's: <c>evaluate, cycle 2 (samples)</c>.
    /// </summary>
    public string TitleOf(string stage) => $"{PlannedStage.TitleOf(Name, Cycle, Round)}{(stage == Name ? "" : $" ({stage})")}";
}
