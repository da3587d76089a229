using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Products;

/// <summary>Packs rows of a head for <see cref="Tile"/>; what is not there is zero.</summary>
internal static unsafe class Panels
{
    /// <summary>Rows [count, H] as [H / wide][room][wide], the entries of a row in the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OfRows<TV>(float* from, long step, long count, long H, long room, float* to) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var h = 0L; h < H; h += wide, to += room * wide)
        {
            var there = Math.Min(wide, H - h);
            for (var row = 0L; row < count; row++)
            {
                float* entries = from + row * step + h, lanes = to + row * wide;
                if (there == wide)
                {
                    TV.Load(entries).Store(lanes);
                    TV.Load(entries + TV.Lanes).Store(lanes + TV.Lanes);
                    continue;
                }
                for (var lane = 0L; lane < wide; lane++)
                    lanes[lane] = lane < there ? entries[lane] : 0;
            }
            new Span<float>(to + count * wide, (int)((room - count) * wide)).Clear();
        }
    }

    /// <summary>Rows [count, H] as [count / wide][H][wide], the rows in the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OfColumns<TV>(float* from, long step, long count, long H, float* to) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        for (var row = 0L; row < count; row += wide, to += H * wide)
            for (var lane = 0L; lane < wide; lane++)
            {
                var entries = from + (row + lane) * step;
                if (row + lane < count)
                    for (var h = 0L; h < H; h++)
                        to[h * wide + lane] = entries[h];
                else
                    for (var h = 0L; h < H; h++)
                        to[h * wide + lane] = 0;
            }
    }
}
