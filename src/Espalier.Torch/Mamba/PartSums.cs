using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Mamba;

/// <summary>Sums of parts of one length that lie one after the other, in their order.</summary>
internal static unsafe class PartSums
{
    private const int Line = 16;

    public static void AddUp(float* parts, long count, long length, float* to)
    {
        var job = new Job { Parts = parts, To = to, Count = count, Length = length };
        Workers.For(0, (length + Line - 1) / Line, 256, Width.Of(&Lines<Floats512>, &Lines<Floats256>, &Lines<Floats128>), &job);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lines<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var (i, end) = (first * Line, Math.Min(job->Length, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
        {
            var sum = TV.Load(job->Parts + i);
            for (var part = 1L; part < job->Count; part++)
                sum += TV.Load(job->Parts + part * job->Length + i);
            sum.Store(job->To + i);
        }
        for (; i < end; i++)
        {
            var sum = job->Parts[i];
            for (var part = 1L; part < job->Count; part++)
                sum += job->Parts[part * job->Length + i];
            job->To[i] = sum;
        }
    }

    private struct Job
    {
        public float* Parts, To;
        public long Count, Length;
    }
}
