namespace Espalier.Torch;

/// <summary>An error of libtorch, with its own sentence.</summary>
public sealed class TorchException(string message) : Exception(message);
