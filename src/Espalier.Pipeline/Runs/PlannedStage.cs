namespace Espalier.Pipeline.Runs;

/// <summary>One stage of those to come.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Name">The stage's.</param>
internal sealed record PlannedStage(string Arm, string Name);
