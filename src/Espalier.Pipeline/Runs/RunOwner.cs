namespace Espalier.Pipeline.Runs;

/// <summary>Who holds a run folder, as <c>run.lock</c> says.</summary>
internal sealed record RunOwner(int Pid, string Host, DateTimeOffset Started);
