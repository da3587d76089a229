using Espalier.Evaluation.Documents;

namespace Espalier.Evaluation.Tasks;

/// <summary>The documents of one subject of a task, and those that shots come from.</summary>
/// <param name="Name">What * stands for in the files' names; empty where there is one file.</param>
/// <param name="Documents">What is asked.</param>
/// <param name="Shots">What shots come from; the documents themselves where a task names no others.</param>
internal sealed record TaskSubject(string Name, IReadOnlyList<TaskDocument> Documents, IReadOnlyList<TaskDocument> Shots);

/// <summary>Reads the documents of tasks under a folder of benchmarks.</summary>
internal static class TaskData
{
    /// <summary>All subjects of a task, in the order of their names.</summary>
    /// <param name="task">The task.</param>
    /// <param name="benchmarks">
    /// The folder under which the task's files lie, unless they lie below the folder of the task's own file; null where nobody names one.
    /// </param>
    /// <param name="shots">Whether shots are wanted: else their files need not be there.</param>
    /// <exception cref="EspalierException">A file is not there or cannot be read.</exception>
    public static IReadOnlyList<TaskSubject> Read(TaskDefinition task, string? benchmarks, bool shots)
    {
        var folder = task.Folder is { } own && IsThere(own, task.Test.Files) ? own
            : benchmarks ?? throw new EspalierException(
                $"task {task.Name}: where its files lie is not known; name their folder with --benchmarks, or ESPALIER_BENCHMARKS");
        var subjects = new List<TaskSubject>();
        foreach (var (name, file) in Files(task, task.Test.Files, folder))
        {
            var documents = Read(file, task.Test);
            var pool = !shots || task.Shots.Documents is not { } from ? documents
                : Read(OfSubject(task, from.Files, name, folder), from);
            subjects.Add(new(name, documents, pool));
        }
        return subjects;
    }

    /// <summary>Where a file of a task lies: in the folder of the task's own file, else under the benchmarks; null in neither.</summary>
    /// <param name="task">The task.</param>
    /// <param name="file">The file as the task names it.</param>
    /// <param name="benchmarks">The folder of benchmarks; null where nobody names one.</param>
    public static string? Find(TaskDefinition task, string file, string? benchmarks) =>
        ((string?[])[task.Folder, benchmarks]).OfType<string>().Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    /// <summary>The documents of one more file of a task.</summary>
    /// <param name="task">The task.</param>
    /// <param name="files">The file, and which of its documents.</param>
    /// <param name="benchmarks">The folder of benchmarks; null where nobody names one.</param>
    /// <exception cref="EspalierException">It is not there or cannot be read.</exception>
    public static IReadOnlyList<TaskDocument> Read(TaskDefinition task, DocumentFiles files, string? benchmarks) =>
        Read(Find(task, files.Files, benchmarks)
            ?? throw Missing(task, Path.Combine(task.Folder ?? benchmarks ?? "benchmarks", files.Files)), files);

    private static IReadOnlyList<TaskDocument> Read(string file, DocumentFiles files)
    {
        var documents = TaskDocuments.Read(file, files.Columns);
        if (files.Range is not { } range)
            return documents;
        var (first, last) = (range.Start.Value, range.End.Value);
        return last <= documents.Count
            ? [.. documents.Skip(first).Take(last - first).Select((document, i) => document with { Number = i })]
            : throw new EspalierException($"{file}: has {documents.Count} documents, and {first + 1}-{last} are wanted");
    }

    // The folder that the files are in, for which a pattern stands.
    private static bool IsThere(string folder, string pattern) => pattern.Contains('*', StringComparison.Ordinal)
        ? Directory.Exists(Path.GetDirectoryName(Path.Combine(folder, pattern[..pattern.IndexOf('*', StringComparison.Ordinal)])))
        : File.Exists(Path.Combine(folder, pattern));

    private static (string Subject, string File)[] Files(TaskDefinition task, string pattern, string folder)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            var file = Path.Combine(folder, pattern);
            return File.Exists(file) ? [("", file)] : throw Missing(task, file);
        }
        var (before, after) = (Path.Combine(folder, pattern[..star]), pattern[(star + 1)..]);
        var parent = Path.GetDirectoryName(before)!;
        if (!Directory.Exists(parent))
            throw Missing(task, parent);
        (string, string)[] found = [.. Directory.EnumerateFiles(parent).Order(StringComparer.Ordinal)
            .Where(file => file.StartsWith(before, StringComparison.Ordinal) && file.EndsWith(after, StringComparison.Ordinal)
                && file.Length > before.Length + after.Length)
            .Select(file => (file[before.Length..^after.Length], file))];
        return found.Length > 0 ? found : throw Missing(task, Path.Combine(folder, pattern));
    }

    private static string OfSubject(TaskDefinition task, string pattern, string subject, string folder)
    {
        var file = Path.Combine(folder, pattern.Replace("*", subject, StringComparison.Ordinal));
        return File.Exists(file) ? file : throw Missing(task, file);
    }

    private static EspalierException Missing(TaskDefinition task, string file) => new(
        $"task {task.Name}: {file} is not there; put the benchmark's files there, or name their folder with --benchmarks");
}
