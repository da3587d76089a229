namespace Espalier.Compression.Training.Speeds;

/// <summary>What a training computes the products with weights in, as a person says it.</summary>
internal enum ComputeChoice
{
    /// <summary>Float32.</summary>
    Float32,

    /// <summary>
    /// Operands and results in bfloat16; weights, gradients, moments, the residual stream, attention (but on a GPU) and losses stay in
    /// float32.
    /// </summary>
    Bfloat16,

    /// <summary>Bfloat16 on a GPU and where the processor has units for it, else float32.</summary>
    Auto,
}

/// <summary>What a choice comes to on this machine.</summary>
internal static class ComputeChoices
{
    /// <summary>How people write the choices, in options and recipes alike.</summary>
    public static IReadOnlyList<(string Name, ComputeChoice Choice)> Names { get; } =
    [
        ("float32", ComputeChoice.Float32), ("bfloat16", ComputeChoice.Bfloat16), ("auto", ComputeChoice.Auto),
        ("f32", ComputeChoice.Float32), ("bf16", ComputeChoice.Bfloat16),
    ];

    private static readonly bool s_hasBfloat16 = CpuInfo.Read().MultipliesBfloat16();

    /// <summary>The type that products are computed in here.</summary>
    public static ComputeType Here(this ComputeChoice choice) =>
        choice == ComputeChoice.Bfloat16 || (choice == ComputeChoice.Auto && (s_hasBfloat16 || TorchRuntime.Device != Device.Cpu))
            ? ComputeType.Bfloat16 : ComputeType.Float32;
}
