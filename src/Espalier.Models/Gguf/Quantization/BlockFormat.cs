namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// A type of ggml's that is written too: the layout of its bytes, and the search for the numbers in them that reproduce the weights best.
/// </summary>
internal abstract class BlockFormat : BlockLayout
{
    /// <summary>A number that every block can hold beside anything smaller: its scale stays a float16.</summary>
    public abstract float Largest { get; }

    /// <summary>Encodes one block so that the sum of importance · (weight - decoded)² is small.</summary>
    /// <param name="weights">The weights, finite.</param>
    /// <param name="importance">What an error costs, for each weight; none negative, not all 0.</param>
    /// <param name="block">The bytes to write.</param>
    /// <returns>False where a scale is beyond float16.</returns>
    public abstract bool TryEncode(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, Span<byte> block);
}
