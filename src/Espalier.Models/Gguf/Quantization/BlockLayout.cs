namespace Espalier.Models.Gguf.Quantization;

/// <summary>A type of ggml's that stores weights in blocks. Rows are whole blocks, and blocks know nothing of each other.</summary>
internal abstract class BlockLayout
{
    /// <summary>Weights that are stored together.</summary>
    public abstract int Size { get; }

    public abstract int Bytes { get; }

    /// <summary>Decodes one block, bit for bit as ggml does.</summary>
    public abstract void Decode(ReadOnlySpan<byte> block, Span<float> weights);
}
