namespace Espalier.Torch.Kernels.Vectors;

/// <summary>The last floats of a row, fewer than a vector has.</summary>
internal static unsafe class Tail
{
    private const int Most = 16;

    /// <summary>So many floats, and <paramref name="others"/> after them.</summary>
    public static TV Load<TV>(float* from, long count, float others = 0) where TV : unmanaged, IFloats<TV>
    {
        var lanes = stackalloc float[Most];
        for (var i = 0; i < TV.Lanes; i++)
            lanes[i] = i < count ? from[i] : others;
        return TV.Load(lanes);
    }

    public static void Store<TV>(TV x, float* to, long count) where TV : unmanaged, IFloats<TV>
    {
        var lanes = stackalloc float[Most];
        x.Store(lanes);
        for (var i = 0; i < count; i++)
            to[i] = lanes[i];
    }

    /// <summary>So many elements, and zeros after them.</summary>
    public static TV LoadOf<TV, TE>(TE* from, long count) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var lanes = stackalloc float[Most];
        for (var i = 0; i < TV.Lanes; i++)
            lanes[i] = i < count ? Element.Get(from + i) : 0;
        return TV.Load(lanes);
    }

    public static void StoreOf<TV, TE>(TV x, TE* to, long count) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var lanes = stackalloc float[Most];
        x.Store(lanes);
        for (var i = 0; i < count; i++)
            Element.Set(to + i, lanes[i]);
    }
}
