[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Espalier.Tests;

/// <summary>Where test material lies: fixtures of the repository, and outside material that a clone does not carry.</summary>
internal static class Fixtures
{
    /// <summary>The root of the repository, found upwards from the test assembly.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path inside <c>tests/golden</c>.</summary>
    public static string Golden(params string[] parts) => Path.Combine([Root, "tests", "golden", .. parts]);

    /// <summary>A path inside the outside material (texts, third-party models), which only some machines have: <c>../shared</c>.</summary>
    public static string Outside(params string[] parts) => Path.Combine([Root, "..", "shared", .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Espalier.slnx")))
                return folder.FullName;
        throw new InvalidOperationException("Espalier.slnx was not found above the test assembly.");
    }
}

/// <summary>A fact over outside material: skipped, with the reason, where that is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OutsideFactAttribute : FactAttribute
{
    public OutsideFactAttribute(string path)
    {
        if (!Path.Exists(Fixtures.Outside(path)))
            Skip = $"needs ../shared/{path}, which is not part of the project";
    }
}

/// <summary>A theory over outside material: skipped, with the reason, where that is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OutsideTheoryAttribute : TheoryAttribute
{
    public OutsideTheoryAttribute(string path)
    {
        if (!Path.Exists(Fixtures.Outside(path)))
            Skip = $"needs ../shared/{path}, which is not part of the project";
    }
}
