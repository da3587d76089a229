using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

namespace Espalier.Pipeline.Stages;

/// <summary>A model that a stage reads or made: a Hugging Face folder and the hash of what determines it.</summary>
/// <param name="Name">For tables: teacher, corrected teacher, pruned, student.</param>
/// <param name="Path">The folder.</param>
/// <param name="Hash">Hash of its contents, or of the stage that made it.</param>
public sealed record ModelFolder(string Name, string Path, string Hash)
{
    /// <summary>Opens the folder's checkpoint; the caller disposes it.</summary>
    public Checkpoint Open() => Checkpoint.Open(Path);

    /// <summary>Loads the model for compute in float32; the caller disposes it.</summary>
    public Decoder Load()
    {
        using var checkpoint = Open();
        return DecoderWeights.Load(checkpoint, DType.Float32);
    }
}
