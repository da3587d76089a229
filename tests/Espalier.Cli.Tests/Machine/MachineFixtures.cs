using Espalier.Cli.Machine;
using Espalier.Torch.Native;

namespace Espalier.Cli.Tests.Machine;

/// <summary>A machine with which nothing is wrong; tests spoil one thing.</summary>
internal static class MachineFixtures
{
    internal const string CpuText = """
        processor	: 0
        vendor_id	: GenuineIntel
        model name	: Intel(R) Xeon(R) Processor @ 2.50GHz
        cpu MHz		: 2500.125
        flags		: fpu sse4_2 avx fma avx2 avx512f avx512dq avx512bw avx512vl avx512_bf16 amx_tile
        bogomips	: 5000.00

        processor	: 1
        vendor_id	: GenuineIntel
        model name	: Intel(R) Xeon(R) Processor @ 2.50GHz
        cpu MHz		: 2500.125
        flags		: fpu sse4_2 avx fma avx2 avx512f avx512dq avx512bw avx512vl avx512_bf16 amx_tile
        """;

    internal static MachineReport Sound { get; } = new(
        "0.1.0",
        "10.0.0",
        new TorchReport("2.10.0", "/packages/libtorch_cpu.so", LibtorchSource.Package, 2, false, true, ProductLibrary.OneDnn, 188, null),
        CpuInfo.Parse(CpuText),
        new MemoryInfo(8L << 30, 6L << 30),
        new DiskSpeed("/runs", 50L << 30, 500e6, 900e6),
        []);

    internal static MachineReport With(TorchReport torch) => Sound with { Torch = torch };
}
