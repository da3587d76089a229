using Espalier.Models.Masks;
using Espalier.Models.Mixers;
using Espalier.Models.Rotary;

namespace Espalier.Models.Layouts;

// Shapes: B batch, T time, R entries of a head that turn.

/// <summary>
/// Rows of several documents each: rotary tables by each token's place in its own document, and where its document begins, before which it
/// sees nothing. Owned by the pass that made it.
/// </summary>
internal sealed class DocumentLayout : IDisposable
{
    private DocumentLayout(RotaryPass tables, AttentionMasks? masks, Tensor begins_BT) =>
        (Tables, Masks, Begins) = (tables, masks, begins_BT);

    /// <summary>Cosines and sines, each [B, T, 1, R/2], of each rotary embedding.</summary>
    public RotaryPass Tables { get; }

    /// <summary>Masks [B, 1, 1, T, T]; null where attention needs none.</summary>
    public AttentionMasks? Masks { get; }

    /// <summary>The position at which each token's document begins, [B, T].</summary>
    public Tensor Begins { get; }

    /// <summary>The layout of places.</summary>
    /// <param name="places">Each token's place in its document, from 0 and one more than the token before or 0 again; B · T of
    /// them.</param>
    /// <param name="B">Rows.</param>
    /// <param name="T">Tokens of a row.</param>
    /// <param name="rotary">The rotary embedding.</param>
    /// <param name="dtype">Type of the values, which a mask has too.</param>
    /// <param name="device">Where is computed.</param>
    public static DocumentLayout Of(long[] places, long B, long T, RotaryTables rotary, DType dtype, Device device)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(places.Length, B * T);
        Check(places, B, T);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var isFused = SelfAttention.IsFused(dtype, device);
        return new(
            rotary.Of(places, TextsOf(places), B, T),
            isFused ? null : new DocumentMasks(places, B, T, dtype, device),
            Tensor.From<long>([.. places.Select((place, i) => i % T - place)], B, T).On(device).Unscoped());
    }

    public void Dispose()
    {
        Tables.Dispose();
        Masks?.Dispose();
        Begins.Dispose();
    }

    // The length of the document of each token.
    private static long[] TextsOf(long[] places)
    {
        var texts = new long[places.Length];
        for (var i = places.Length - 1; i >= 0; i--)
            texts[i] = i + 1 < places.Length && places[i + 1] > 0 ? texts[i + 1] : places[i] + 1;
        return texts;
    }

    private static void Check(long[] places, long B, long T)
    {
        for (var i = 0L; i < B * T; i++)
            if (places[i] is var place && (place < 0 || place > i % T || (place > 0 && places[i - 1] != place - 1)))
                throw new ArgumentException(
                    $"token {i % T} of row {i / T} has position {place}, which does not follow the previous one", nameof(places));
    }
}
