using Espalier.Tests;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Tests;

/// <summary>Base of tests of kernels: results lie between canaries, and vectors are of one width (0: the machine's).</summary>
public abstract class KernelTest : TorchTest
{
    protected KernelTest(int bits)
    {
        Width.Bits = bits;
        GuardMode.IsOn = true;
    }

    public override void Dispose()
    {
        Width.Bits = 0;
        GuardMode.IsOn = false;
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}
