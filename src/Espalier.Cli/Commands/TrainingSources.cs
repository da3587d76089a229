namespace Espalier.Cli.Commands;

/// <summary>What a training begins from and learns from.</summary>
/// <param name="Start">Folder of the model to train.</param>
/// <param name="Teacher">Folder of the teacher, or null.</param>
/// <param name="Cache">Folder of a cache that stands for the teacher, or null.</param>
/// <param name="Section">How to train.</param>
internal sealed record TrainingSources(string Start, string? Teacher, string? Cache, TrainingSection Section);
