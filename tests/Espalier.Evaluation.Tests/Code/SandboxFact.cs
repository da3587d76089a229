using Espalier.Evaluation.Code;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Code;

/// <summary>A sandbox for the tests, or why there is none: where the kernel allows no namespaces, nothing is run.</summary>
internal static class TestSandbox
{
    private static readonly Lazy<(Sandbox? Sandbox, string Reason)> s_opened = new(Open);

    /// <summary>Opens one whose programs may take some seconds, for tests share the machine.</summary>
    public static Sandbox Instance => s_opened.Value.Sandbox!;

    /// <summary>Why there is none; null where there is one.</summary>
    public static string? Reason => s_opened.Value.Sandbox is null ? s_opened.Value.Reason : null;

    private static (Sandbox?, string) Open()
    {
        try
        {
            return (Sandbox.Open(new() { Seconds = 30 }), "");
        }
        catch (EspalierException error)
        {
            return (null, error.Message);
        }
    }
}

/// <summary>A test that runs programs; skips with the reason where they are not run.</summary>
internal sealed class SandboxFactAttribute : FactAttribute
{
    public SandboxFactAttribute() => Skip = TestSandbox.Reason;
}

/// <summary>The same over outside material.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OutsideSandboxFactAttribute : FactAttribute
{
    public OutsideSandboxFactAttribute(string path) => Skip = new OutsideFactAttribute(path).Skip ?? TestSandbox.Reason;
}

/// <summary>The same with data.</summary>
internal sealed class SandboxTheoryAttribute : TheoryAttribute
{
    public SandboxTheoryAttribute() => Skip = TestSandbox.Reason;
}
