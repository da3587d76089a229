namespace Espalier.Tests;

/// <summary>
/// <c>ESPALIER_DEVICE=cuda ./test</c> runs the tests with models on a GPU; what looks at how the processor is used has nothing to look at
/// there.
/// </summary>
internal static class OtherDevice
{
    /// <summary>Why a test of the processor is skipped; null where models are on the processor.</summary>
    public static string? Reason { get; } = Environment.GetEnvironmentVariable("ESPALIER_DEVICE") is { Length: > 0 } name and not "cpu"
        ? $"about the processor, and models are on {name}" : null;
}

/// <summary>A fact about how the processor is used.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProcessorFactAttribute : FactAttribute
{
    public ProcessorFactAttribute() => Skip = OtherDevice.Reason;
}

/// <summary>A theory about how the processor is used.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProcessorTheoryAttribute : TheoryAttribute
{
    public ProcessorTheoryAttribute() => Skip = OtherDevice.Reason;
}
