using Espalier.Torch;

namespace Espalier.Models;

// Shapes: B batch, T time, R entries of a head that turn.

/// <summary>
/// Rows of several documents each: rotary tables by each token's place in its own document, and masks that end where its document begins. Owned by the pass that made it.
/// </summary>
internal sealed class DocumentLayout : IDisposable
{
    private DocumentLayout(Tensor cos_BT1R, Tensor sin_BT1R, Tensor mask_B11TT) => (Cos, Sin, Mask) = (cos_BT1R, sin_BT1R, mask_B11TT);

    /// <summary>Cosines, [B, T, 1, R/2].</summary>
    public Tensor Cos { get; }

    /// <summary>Sines, [B, T, 1, R/2].</summary>
    public Tensor Sin { get; }

    /// <summary>0 where a query may look, −∞ elsewhere, [B, 1, 1, T, T].</summary>
    public Tensor Mask { get; }

    /// <summary>The layout of places.</summary>
    /// <param name="places">Each token's place in its document, from 0 and one more than the token before or 0 again; B · T of them.</param>
    /// <param name="B">Rows.</param>
    /// <param name="T">Tokens of a row.</param>
    /// <param name="rotary">The rotary embedding.</param>
    /// <param name="window">Sliding window, or null.</param>
    /// <param name="dtype">Type of the mask.</param>
    public static DocumentLayout Of(long[] places, long B, long T, Rotary rotary, int? window, DType dtype)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(places.Length, B * T);
        var mask = MaskOf(places, B, T, window);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (cos, sin) = rotary.At(0, T);
        var index = Tensor.From<long>(places, B * T);
        return new(
            cos.IndexSelect(0, index).View(B, T, 1, -1).Unscoped(),
            sin.IndexSelect(0, index).View(B, T, 1, -1).Unscoped(),
            Tensor.From<float>(mask, B, 1, 1, T, T).To(dtype).Unscoped());
    }

    public void Dispose()
    {
        Cos.Dispose();
        Sin.Dispose();
        Mask.Dispose();
    }

    private static float[] MaskOf(long[] places, long B, long T, int? window)
    {
        var mask = new float[B * T * T];
        mask.AsSpan().Fill(float.NegativeInfinity);
        for (var row = 0L; row < B; row++)
            for (var t = 0L; t < T; t++)
            {
                var place = places[row * T + t];
                if (place < 0 || place > t || (place > 0 && places[row * T + t - 1] != place - 1))
                    throw new ArgumentException($"token {t} of row {row} has place {place}, which does not follow the one before it", nameof(places));
                var seen = Math.Min(place, (window ?? long.MaxValue) - 1);
                mask.AsSpan((int)((row * T + t) * T + t - seen), (int)seen + 1).Clear();
            }
        return mask;
    }
}
