namespace Espalier.Torch.Native;

/// <summary>
/// Where libtorch lies: <c>LIBTORCH</c> (a libtorch or a pip-installed torch), else beside the program, else the NuGet package that the
/// build wrote into the runtime configuration.
/// </summary>
internal sealed record LibtorchFolder(string Path, LibtorchSource Source)
{
    /// <summary>Environment variable that names another libtorch.</summary>
    public const string Variable = "LIBTORCH";

    /// <summary>The library with all operators of the processor.</summary>
    public const string LibraryName = "libtorch_cpu.so";

    /// <summary>The key of the runtime configuration; <c>Directory.Build.targets</c> writes it.</summary>
    private const string ConfigurationKey = "Espalier.Libtorch";

    /// <summary>The library's file.</summary>
    public string Library => System.IO.Path.Combine(Path, LibraryName);

    /// <summary>Finds the folder that is to be used, or says what is missing.</summary>
    public static LibtorchFolder Find() =>
        Find(Environment.GetEnvironmentVariable(Variable), AppContext.BaseDirectory, AppContext.GetData(ConfigurationKey) as string);

    internal static LibtorchFolder Find(string? named, string program, string? package)
    {
        if (named is { Length: > 0 })
            return Holding([System.IO.Path.Combine(named, "lib"), named], LibtorchSource.Variable)
                ?? throw new EspalierException(
                    $"{Variable} is {named}, but neither {named}/lib nor {named} holds {LibraryName}: "
                    + "set it to a libtorch 2.10 or later, or to the folder of a pip-installed torch, or unset it")
                { ExitCode = 1 };
        return Holding([program], LibtorchSource.Program)
            ?? (package is null ? null : Holding([package], LibtorchSource.Package))
            ?? throw new EspalierException(
                $"{LibraryName} was not found (looked in {string.Join(" and ", new[] { program, package }.OfType<string>())}): "
                + $"run dotnet restore, or set {Variable} to a libtorch 2.10 or later")
            { ExitCode = 1 };
    }

    private static LibtorchFolder? Holding(string[] folders, LibtorchSource source) =>
        folders.FirstOrDefault(folder => File.Exists(System.IO.Path.Combine(folder, LibraryName))) is { } found ? new(found, source) : null;
}

/// <summary>How libtorch was found.</summary>
public enum LibtorchSource
{
    /// <summary>The NuGet package.</summary>
    Package,

    /// <summary>The environment variable <c>LIBTORCH</c>.</summary>
    Variable,

    /// <summary>The program's own folder.</summary>
    Program,
}
