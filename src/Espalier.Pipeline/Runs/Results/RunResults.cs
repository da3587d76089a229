using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Runs.Results;

/// <summary>
/// <c>results.json</c>: what has come out of a run so far, arm by arm, so that its report can be written from the folder alone, also while
/// it goes on. Paths inside the run folder, and those that were given relative, are kept as seen from it: a folder that is moved keeps its
/// results.
/// </summary>
/// <param name="FormatVersion">Version of this record.</param>
/// <param name="Arms">One for each recipe that was begun, in their order.</param>
internal sealed record RunResults(int FormatVersion, IReadOnlyList<CompressResult> Arms)
{
    /// <summary>The file's name in the run folder.</summary>
    public const string FileName = "results.json";

    private const int KnownVersion = 1;

    // A loss may be infinite.
    private static readonly JsonTypeInfo<RunResults> s_json = (JsonTypeInfo<RunResults>)new JsonSerializerOptions
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter() },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SizeFieldsAttribute.Spread } },
    }.GetTypeInfo(typeof(RunResults));

    /// <summary>Writes the results, whole or not at all.</summary>
    public static void Write(RunFolder folder, IEnumerable<CompressResult> arms)
    {
        var stored = new RunResults(KnownVersion,
            [.. arms.Select(arm => WithPaths(arm, path => Stored(folder.Path, path)) with { Output = "." })]);
        folder.WriteFile(FileName, stream => stream.Write(SealedJson.Bytes(stored, s_json)));
    }

    /// <summary>The results in a run folder; none where nothing has come out yet. Changes nothing and needs no lock.</summary>
    /// <exception cref="DamagedFileException">The file is not what was written.</exception>
    /// <exception cref="EspalierException">It is of a newer format.</exception>
    public static IReadOnlyList<CompressResult> Read(string runFolder)
    {
        var folder = Path.GetFullPath(runFolder);
        var path = Path.Combine(folder, FileName);
        if (!Path.Exists(path))
            return [];
        var read = SealedJson.Read(path, s_json, KnownVersion);
        return [.. read.Arms.Select(arm => WithPaths(arm, stored => Read(folder, stored)) with { Output = folder })];
    }

    private static CompressResult WithPaths(CompressResult arm, Func<string, string> change) => arm with
    {
        Student = change(arm.Student),
        Gguf = [.. arm.Gguf.Select(change)],
        Rows = [.. arm.Rows.Select(row => row with { Path = change(row.Path) })],
        Scores = arm.Scores is null ? null : change(arm.Scores),
        Plan = arm.Plan is null ? null : change(arm.Plan),
        Synthesized = arm.Synthesized is null ? null : change(arm.Synthesized),
        Metrics = arm.Metrics.ToDictionary(stage => stage.Key, stage => change(stage.Value)),
    };

    private static string Stored(string folder, string path)
    {
        var full = Path.GetFullPath(path);
        return Path.IsPathRooted(path) && !IsInside(folder, full) ? full : Path.GetRelativePath(folder, full);
    }

    private static string Read(string folder, string stored)
    {
        var full = Path.GetFullPath(stored, folder);
        return Path.IsPathRooted(stored) || IsInside(folder, full) ? full : Path.GetRelativePath(Environment.CurrentDirectory, full);
    }

    private static bool IsInside(string folder, string full) => full.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);
}
