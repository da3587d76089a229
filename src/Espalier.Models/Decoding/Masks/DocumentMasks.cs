namespace Espalier.Models.Masks;

/// <summary>Masks of rows of several documents, [B, 1, 1, T, T]: a token sees its own document alone. Made when first asked for.</summary>
internal sealed class DocumentMasks(long[] places, long B, long T, DType dtype, Device device) : AttentionMasks
{
    private readonly List<(int? Window, Tensor Mask)> _masks = [];

    public override Tensor For(int? window, long queries, long keys)
    {
        var found = _masks.Find(mask => mask.Window == window).Mask;
        if (found is null)
        {
            using var noGrad = GradMode.Disable();
            using var scope = TensorScope.Begin();
            found = Make(window).Unscoped();
            _masks.Add((window, found));
        }
        return found;
    }

    public override void Dispose() => _masks.ForEach(mask => mask.Mask.Dispose());

    // By the device: a host's array would be quadratic.
    private Tensor Make(int? window)
    {
        float[] first = [.. places.Select((place, i) => (float)(i % T - Math.Min(place, (window ?? long.MaxValue) - 1)))];
        var isUnseen_BTS = Tensor.Arange(T, DType.Float32).On(device).Sub(Tensor.From<float>(first, B, T, 1).On(device)).Less(0);
        return Tensor.Full(double.NegativeInfinity, dtype, device, T, T).Triu(1).MaskedFill(isUnseen_BTS, double.NegativeInfinity)
            .View(B, 1, 1, T, T);
    }
}
