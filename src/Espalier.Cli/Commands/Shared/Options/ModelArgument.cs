using System.CommandLine;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>The folder of the model that a command works on.</summary>
internal sealed class ModelArgument : Argument<string>
{
    /// <param name="optional">Whether the command can do something without one, and asks itself.</param>
    internal ModelArgument(bool optional = false) : base("model")
    {
        Description = "Hugging Face folder: config.json and safetensors";
        Arity = optional ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne;
    }

    internal string Folder(CommandRun run) => run.Get(this)!;

    /// <summary>The folder as what no output may touch.</summary>
    internal ReadPlace Place(CommandRun run) => new("the model's folder", Folder(run));

    /// <summary>An open model as what a stage reads.</summary>
    internal static ModelSlot Slot(Checkpoint model) => ModelSlot.Of(new("teacher", model.Folder, KnownFolder.Hash(model.Folder)));

    /// <summary>Opens the model and checks headers, shapes and names.</summary>
    internal Checkpoint Open(CommandRun run) => Checkpoint.Open(Folder(run)).WithNotes(run);

    /// <summary>The same, with every weight read once: one that is NaN or infinite is refused by name before work begins.</summary>
    internal Checkpoint OpenFinite(CommandRun run)
    {
        var checkpoint = Open(run);
        try
        {
            checkpoint.CheckFinite(run.Cancellation);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }
}
