using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Products;

/// <summary>Weights into bytes, and packed weights of any kind back into floats.</summary>
internal static unsafe class PackKernel
{
    /// <summary>Neighbours in a row that share a scale, as in llama.cpp's Q8_0.</summary>
    public const int Block = 32;

    private const int Largest = 127;

    /// <summary>Blocks of a row; the last one may be shorter.</summary>
    public static long Blocks(long columns) => (columns + Block - 1) / Block;

    /// <summary>Each weight as the nearest multiple of its block's scale, which is a 127th of the block's largest weight.</summary>
    public static void ToInt8(float* from, long rows, long columns, sbyte* to, float* scales)
    {
        var job = new Job { Floats = from, Bytes = (byte*)to, Scales = scales, Columns = columns, RowBlocks = Blocks(columns) };
        Workers.For(0, rows, Math.Max(1, 65_536 / Math.Max(1, columns)), &Quantise, &job);
    }

    /// <summary>Rows as floats, the same numbers that products see.</summary>
    public static void ToFloats(WeightFormat format, byte* from, float* scales, long rows, long columns, float* to)
    {
        var job = new Job { Floats = to, Bytes = from, Scales = scales, Columns = columns, RowBlocks = Blocks(columns) };
        var body = format switch
        {
            WeightFormat.BFloat16 => Width.Of(
                &Widen<Floats512, BFloat16Weights<Floats512>>, &Widen<Floats256, BFloat16Weights<Floats256>>,
                &Widen<Floats128, BFloat16Weights<Floats128>>),
            WeightFormat.Int8 => Width.Of(
                &Widen<Floats512, Int8Weights<Floats512>>, &Widen<Floats256, Int8Weights<Floats256>>,
                &Widen<Floats128, Int8Weights<Floats128>>),
            _ => Width.Of(
                &Widen<Floats512, SingleWeights<Floats512>>, &Widen<Floats256, SingleWeights<Floats256>>,
                &Widen<Floats128, SingleWeights<Floats128>>),
        };
        Workers.For(0, rows, Math.Max(1, 65_536 / Math.Max(1, columns)), body, &job);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Quantise(long first, long last, void* context)
    {
        var job = *(Job*)context;
        for (var row = first; row < last; row++)
            for (var block = 0L; block < job.RowBlocks; block++)
            {
                var (begin, end) = (row * job.Columns + block * Block, row * job.Columns + Math.Min(job.Columns, (block + 1) * Block));
                var top = 0f;
                for (var i = begin; i < end; i++)
                    top = Math.Max(top, Math.Abs(job.Floats[i]));
                var scale = top / Largest;
                // Of a block whose largest weight is next to nothing the scale may be 0, and its weights with it.
                var inverse = scale == 0 ? 0 : 1.0 / scale;
                job.Scales[row * job.RowBlocks + block] = scale;
                for (var i = begin; i < end; i++)
                    ((sbyte*)job.Bytes)[i] = (sbyte)Math.Clamp(Math.Round(job.Floats[i] * inverse), -Largest, Largest);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen<TV, TW>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TW : IWeights<TV>
    {
        var job = *(Job*)context;
        for (var row = first; row < last; row++)
        {
            var from = job.Bytes + row * job.Columns * TW.Size;
            float* scales = job.Scales + row * job.RowBlocks, to = job.Floats + row * job.Columns;
            var i = 0L;
            for (; i + TV.Lanes <= job.Columns; i += TV.Lanes)
                TW.Load(from, scales, i).Store(to + i);
            for (; i < job.Columns; i++)
                to[i] = TW.One(from, scales, i);
        }
    }

    private struct Job
    {
        public float* Floats, Scales;
        public byte* Bytes;
        public long Columns, RowBlocks;
    }
}
