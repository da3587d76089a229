namespace Espalier.Torch;

/// <summary>An error about tensors: libtorch's own sentence, or ours about what is recorded for backward.</summary>
public sealed class TorchException(string message) : Exception(message);
