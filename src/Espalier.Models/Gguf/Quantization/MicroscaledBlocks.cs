using Espalier.Models.Checkpoints.Elements;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// ggml's MXFP4, which is read only: a power of two and 32 floats of 4 bits (<see cref="Float4"/>), number i and number i + 16 in one byte.
/// </summary>
internal sealed class MicroscaledBlocks : BlockLayout
{
    private const int Half = Float4.Group / 2;

    public override int Size => Float4.Group;

    public override int Bytes => 1 + Half;

    public override void Decode(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var scale = Float4.Scale(block[0]);
        for (var i = 0; i < Half; i++)
        {
            weights[i] = (float)(Float4.Value(block[1 + i]) * scale);
            weights[Half + i] = (float)(Float4.Value(block[1 + i] >> 4) * scale);
        }
    }
}
