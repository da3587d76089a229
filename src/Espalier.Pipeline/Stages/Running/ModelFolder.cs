using Espalier.Compression.Evaluation;
using Espalier.Models.Checkpoints;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>A model that a stage reads or made: a Hugging Face folder and the hash of what determines it.</summary>
/// <param name="name">For tables: teacher, corrected teacher, pruned, student.</param>
/// <param name="path">The folder.</param>
/// <param name="hash">Hash of its contents, or of the stage that made it.</param>
internal sealed class ModelFolder(string name, string path, string hash)
{
    private (DecoderConfig Config, ElementType Stored)? _facts;

    /// <summary>For tables: teacher, corrected teacher, pruned, student.</summary>
    public string Name => name;

    public string Path => path;

    /// <summary>Hash of its contents, or of the stage that made it.</summary>
    public string Hash => hash;

    public DecoderConfig Config => Facts.Config;

    public ElementType Stored => Facts.Stored;

    /// <summary>Its loss on held-out text, where the training that made it has just found it out; null where nobody has.</summary>
    public KnownLoss? HeldOut { get; init; }

    private (DecoderConfig Config, ElementType Stored) Facts
    {
        get
        {
            if (_facts is { } known)
                return known;
            using var checkpoint = Checkpoint.Open(path, requireWeights: false);
            return (_facts = (checkpoint.Config, checkpoint.StoredType)).Value;
        }
    }

    /// <summary>The folder's files, where a user named it; null where a stage made it.</summary>
    public HashedFiles? Source { get; private init; }

    /// <summary>A folder that a user named. Whoever runs stages has them watch it (<see cref="RunContext.Given"/>).</summary>
    public static ModelFolder Given(string name, string path)
    {
        var files = HashedFiles.OfFolder(path);
        return new(name, path, files.Hash) { Source = files };
    }

    /// <summary>Opens the folder's checkpoint; the caller disposes it.</summary>
    public Checkpoint Open() => Checkpoint.Open(path);

    /// <summary>Loads the model for compute in float32; the caller disposes it.</summary>
    public Decoder Load()
    {
        using var checkpoint = Open();
        return DecoderWeights.Load(checkpoint, DType.Float32);
    }
}

/// <summary>A loss that this run has found out, of weights in float32.</summary>
/// <param name="Text">Hash of the text.</param>
/// <param name="Sequence">Tokens of a window, without overlap.</param>
/// <param name="Compute">What the products with weights were computed in.</param>
/// <param name="Result">The loss of every window.</param>
internal sealed record KnownLoss(string Text, int Sequence, ComputeType Compute, PerplexityResult Result);

/// <summary>A file that a stage made: scores, a plan.</summary>
internal sealed record ArtefactFile(string Path, string Hash);
