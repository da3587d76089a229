namespace Espalier.Pipeline.Runs.Folders;

/// <summary>Who holds a run folder, as <c>run.lock</c> says.</summary>
internal sealed record RunOwner(int Pid, string Host, DateTimeOffset Started);
