namespace Espalier.Models.Checkpoints;

/// <summary>A model that lies elsewhere than in a Hugging Face folder of plain weights, and is to be written as one.</summary>
internal interface IModelImporter : IDisposable
{
    /// <summary>What the model is stored in: llama.cpp's architecture, or a way to quantise.</summary>
    string Form { get; }

    DecoderConfig Config { get; }

    /// <summary>The smallest type that keeps every weight as it is stored.</summary>
    ElementType ExactType { get; }

    /// <summary>How many tensors are stored in which type, the type of most bytes first.</summary>
    IReadOnlyList<(string Type, int Tensors)> Types { get; }

    /// <summary>Writes the folder; it appears when it is complete.</summary>
    /// <param name="folder">The folder to make; nothing but an empty folder may be there.</param>
    /// <param name="stored">Type to store the weights in.</param>
    /// <param name="options">Limits and progress.</param>
    /// <param name="cancellation">Stops the writing and removes what was written.</param>
    /// <exception cref="EspalierException">A tensor is wrong, or one is left that has no place in the model.</exception>
    void Write(string folder, ElementType stored, CheckpointWriterOptions? options = null, CancellationToken cancellation = default);
}
