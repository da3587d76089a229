using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Models.Runtimes;

/// <summary>What was written is loaded again and computes what it should, before anybody calls it done.</summary>
internal static class ReloadCheck
{
    private const int Tokens = 64;

    /// <summary>Bytes of memory that a check needs: the weights in float32, and some room.</summary>
    public static long Bytes(DecoderConfig config) => config.Parameters * 5;

    /// <summary>Whether one model fits into this process's memory; where it does not, nothing can be compared.</summary>
    public static bool Fits(DecoderConfig config) => Bytes(config) < MemoryInfo.Read().Total;

    /// <summary>
    /// Loads a folder and compares its logits, bit for bit, with those of the model that it was written from, whose weights are rounded to
    /// the element type of the folder first. One of the two is in memory at a time.
    /// </summary>
    /// <param name="model">What was written.</param>
    /// <param name="folder">Where.</param>
    /// <param name="stored">The folder's element type.</param>
    /// <param name="clamp">Whether values beyond the type were clamped.</param>
    /// <exception cref="EspalierException">They differ; both numbers and the place are named.</exception>
    public static void Require(Checkpoint model, string folder, ElementType stored, bool clamp = false)
    {
        var expected = Logits(model.Config, new Rounded(model, stored, clamp), model);
        using var written = Checkpoint.Open(folder);
        var found = Logits(written.Config, written, written);
        var differs = expected.AsSpan().CommonPrefixLength(found);
        if (differs < expected.Length || found.Length != expected.Length)
            throw new EspalierException(
                $"{folder}: a reload check failed: logit {differs} is "
                    + $"{(differs < found.Length ? found[differs] : double.NaN):R} but was "
                + $"{(differs < expected.Length ? expected[differs] : double.NaN):R}; the disk may be failing, write it again")
            { ExitCode = 1 };
    }

    private static float[] Logits(DecoderConfig config, ITensorSource weights, Checkpoint model)
    {
        using var decoder = new Decoder(config, model.Family.Parameters(config).Select(named => KeyValuePair.Create(named.Parameter,
            Tensor.FromWriter<float>(named.Shape, (first, values) => weights.Fill(named.Name, first, values)).Unscoped())));
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var length = Math.Min(Tokens, config.MaxPositions);
        // Ids all over the vocabulary, the same each time.
        var ids = Enumerable.Range(0, length).Select(i => (i + 1) * 2_654_435_761L % config.VocabularySize).ToArray();
        return decoder.Logits(decoder.Forward(Tensor.From<long>(ids, 1, length))).ToArray<float>();
    }

    private sealed class Rounded(ITensorSource source, ElementType type, bool clamp) : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination)
        {
            source.Fill(name, firstElement, destination);
            var bytes = new byte[destination.Length * type.Bytes()];
            new Narrowing(clamp).Write(name, firstElement, type, destination, bytes);
            ElementConversion.ToFloat32(type, bytes, destination);
        }
    }
}
