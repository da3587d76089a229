namespace Espalier.Cli.Machine;

/// <summary>What only a loaded libtorch can tell about the machine.</summary>
internal interface IMachineProbe
{
    /// <summary>Its version, such as "1.13.1".</summary>
    string TorchVersion { get; }

    /// <summary>The file of our native library.</summary>
    string NativeLibrary { get; }

    /// <summary>Threads that its operators use.</summary>
    int Threads { get; }

    /// <summary>Whether this libtorch can use a CUDA device now.</summary>
    bool HasCuda { get; }

    /// <summary>The file that matrix products really come from; empty where that is libtorch's own.</summary>
    string BlasFile { get; }

    /// <summary>OpenBLAS's kernel for this processor; empty where BLAS is another library.</summary>
    string BlasKernel { get; }

    /// <summary>Seconds that the product of two float32 matrices of <paramref name="size"/> by <paramref name="size"/> takes, the best of a few.</summary>
    double MatrixProductSeconds(int size);
}
