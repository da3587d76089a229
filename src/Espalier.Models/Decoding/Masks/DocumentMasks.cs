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
            found = Tensor.From<float>(ValuesOf(window), B, 1, 1, T, T).To(dtype).On(device).Unscoped();
            _masks.Add((window, found));
        }
        return found;
    }

    public override void Dispose() => _masks.ForEach(mask => mask.Mask.Dispose());

    private float[] ValuesOf(int? window)
    {
        var mask = new float[B * T * T];
        mask.AsSpan().Fill(float.NegativeInfinity);
        for (var row = 0L; row < B; row++)
            for (var t = 0L; t < T; t++)
            {
                var place = places[row * T + t];
                var seen = Math.Min(place, (window ?? long.MaxValue) - 1);
                mask.AsSpan((int)((row * T + t) * T + t - seen), (int)seen + 1).Clear();
            }
        return mask;
    }
}
