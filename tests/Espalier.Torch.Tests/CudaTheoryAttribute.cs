namespace Espalier.Torch.Tests;

/// <summary>A theory about CUDA: skipped, with the reason, where libtorch sees no device.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CudaTheoryAttribute : TheoryAttribute
{
    public CudaTheoryAttribute()
    {
        if (TorchRuntime.CudaDevices == 0)
            Skip = "needs a CUDA device, and a libtorch for it";
    }
}
