using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Cards;

namespace Espalier.Cli.Commands.Shared;

/// <summary>Says what a user should know of a model's files.</summary>
internal static class ModelNotes
{
    /// <summary>Says the notes of a model that was opened, and returns it.</summary>
    internal static Checkpoint WithNotes(this Checkpoint model, CommandRun run)
    {
        foreach (var note in model.Notes)
            run.Progress.Note(note);
        return model;
    }

    /// <summary>Says of a model that is to write that nothing trained it since it was cut, where its folder's record says so.</summary>
    internal static Checkpoint WithUntaught(this Checkpoint model, CommandRun run)
    {
        if (UntaughtStudent.Is(model.Folder))
            run.Progress.Note("this student was pruned but not distilled: its text makes little sense until distill has trained it");
        return model;
    }
}
