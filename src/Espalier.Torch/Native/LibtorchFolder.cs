using System.Reflection;

namespace Espalier.Torch.Native;

/// <summary>
/// Where libtorch lies: <c>LIBTORCH</c> (a libtorch or a pip-installed torch), else beside the program, else the NuGet package: where the
/// build wrote into the runtime configuration, or in this user's folder of packages, where an installed tool and other people's programs
/// have it.
/// </summary>
internal sealed record LibtorchFolder(string Path, LibtorchSource Source)
{
    /// <summary>Environment variable that names another libtorch.</summary>
    public const string Variable = "LIBTORCH";

    /// <summary>The library with all operators of the processor.</summary>
    public const string LibraryName = "libtorch_cpu.so";

    /// <summary>The key of the runtime configuration; <c>Directory.Build.targets</c> writes it.</summary>
    private const string ConfigurationKey = "Espalier.Libtorch";

    private const string PackageName = "libtorch-cpu-linux-x64";

    public string Library => System.IO.Path.Combine(Path, LibraryName);

    /// <summary>Finds the folder that is to be used, or says what is missing.</summary>
    public static LibtorchFolder Find() =>
        Find(Environment.GetEnvironmentVariable(Variable), AppContext.BaseDirectory, AppContext.GetData(ConfigurationKey) as string,
            OfUser(Environment.GetEnvironmentVariable("NUGET_PACKAGES")));

    internal static LibtorchFolder Find(string? named, string program, string? package, string? user)
    {
        if (named is { Length: > 0 })
            return Holding([System.IO.Path.Combine(named, "lib"), named], LibtorchSource.Variable)
                ?? throw new EspalierException(
                    $"{Variable} is {named}, but neither {named}/lib nor {named} holds {LibraryName}: "
                    + "set it to a libtorch 2.10 or later, or to the folder of a pip-installed torch, or unset it")
                { ExitCode = 1 };
        return Holding([program], LibtorchSource.Program)
            ?? Holding([.. new[] { package, user }.OfType<string>()], LibtorchSource.Package)
            ?? throw new EspalierException(
                $"{LibraryName} was not found (looked in "
                    + $"{string.Join(" and ", new[] { program, package, user }.OfType<string>().Distinct())}): "
                + $"run dotnet restore where this was built, or 'dotnet package download {PackageName}@{PackageVersion} --output "
                + $"{PackagesFolder(Environment.GetEnvironmentVariable("NUGET_PACKAGES"))}', "
                + $"or set {Variable} to a libtorch 2.10 or later")
            { ExitCode = 1 };
    }

    /// <summary>Where this user's packages hold libtorch, whether or not they do.</summary>
    internal static string OfUser(string? packages) =>
        System.IO.Path.Combine(PackagesFolder(packages), PackageName, PackageVersion, "runtimes", "linux-x64", "native");

    private static string PackageVersion =>
        typeof(LibtorchFolder).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(entry => entry.Key == "LibtorchVersion").Value!;

    private static string PackagesFolder(string? packages) => packages is { Length: > 0 }
        ? packages
        : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static LibtorchFolder? Holding(string[] folders, LibtorchSource source) =>
        folders.FirstOrDefault(folder => File.Exists(System.IO.Path.Combine(folder, LibraryName))) is { } found ? new(found, source) : null;
}

/// <summary>How libtorch was found: in the NuGet package, by the environment variable, in the program's own folder.</summary>
internal enum LibtorchSource
{
    Package,
    Variable,
    Program,
}
