namespace Espalier.Pipeline.Runs.Folders;

/// <summary>
/// Something that a run has put where people find it, outside its stages: the student's folder, a GGUF file, the report. What is there now
/// may be replaced only as far as it still is this.
/// </summary>
/// <param name="Path">
/// As seen from the run folder, with <c>/</c> between folders: <c>student</c>, <c>../student</c> of a single training.
/// </param>
/// <param name="Files">Its files: one under its own name, or those of a folder.</param>
internal sealed record RunOutput(string Path, IReadOnlyList<FileFact> Files);
