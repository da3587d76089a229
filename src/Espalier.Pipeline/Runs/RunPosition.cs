namespace Espalier.Pipeline.Runs;

/// <summary>Where a run is among the stages that its recipes will need.</summary>
/// <param name="Stage">The stage at work, from 1.</param>
/// <param name="Of">How many there are; one that turns out not to be needed is passed over.</param>
/// <param name="Name">Its name.</param>
/// <param name="Arm">The recipe that it belongs to.</param>
internal sealed record RunPosition(int Stage, int Of, string Name, string Arm);
