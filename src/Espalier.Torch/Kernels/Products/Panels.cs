using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Espalier.Torch.Kernels.Elements;
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
        {
            var h = 0L;
            if (Sse.IsSupported && row + wide <= count)
                for (; h + 16 <= H; h += 16)
                    for (var lane = 0L; lane < wide; lane += 4)
                        for (var part = h; part < h + 16; part += 4)
                            TurnKernel.Four(from + (row + lane) * step + part, step, to + part * wide + lane, wide);
            for (; h < H; h++)
                for (var lane = 0L; lane < wide; lane++)
                    to[h * wide + lane] = row + lane < count ? from[(row + lane) * step + h] : 0;
        }
    }
}
