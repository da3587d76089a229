namespace Espalier.Evaluation.Tasks;

/// <summary>The folder under which the files of tasks lie.</summary>
internal static class BenchmarksFolder
{
    private const string Variable = "ESPALIER_BENCHMARKS", Usual = "benchmarks";

    /// <summary>
    /// The one that the user named, else the one in the environment, else <c>benchmarks</c> where it is there; null where there is none.
    /// </summary>
    /// <exception cref="EspalierException">What was named is no folder.</exception>
    public static string? Find(string? named)
    {
        var given = named ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set : null);
        return given is null ? Directory.Exists(Usual) ? Usual : null
            : Directory.Exists(given) ? given : throw new EspalierException(
                $"{given} is not a folder: benchmark files are expected in it{(named is null ? $"; it comes from {Variable}" : "")}");
    }
}
