using Espalier.Models.Checkpoints;

namespace Espalier.Cli.Commands.Shared;

/// <summary>Says what a user should know of a model's files.</summary>
internal static class ModelNotes
{
    /// <summary>Says the notes of a model that was opened, and returns it.</summary>
    internal static Checkpoint WithNotes(this Checkpoint model, CommandRun run)
    {
        foreach (var note in model.Notes)
            run.Progress.Note($"note: {note}");
        return model;
    }
}
