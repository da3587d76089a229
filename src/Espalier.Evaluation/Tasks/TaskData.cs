using Espalier.Evaluation.Documents;

namespace Espalier.Evaluation.Tasks;

/// <summary>The documents of one subject of a task, and those that shots come from.</summary>
/// <param name="Name">What * stands for in the files' names; empty where there is one file.</param>
/// <param name="Shots">What shots come from; the documents themselves where a task names no others.</param>
/// <param name="Preamble">The text of the task's <see cref="TaskDefinition.DescriptionFile"/>; null where it names none.</param>
internal sealed record TaskSubject(
    string Name, IReadOnlyList<TaskDocument> Documents, IReadOnlyList<TaskDocument> Shots, string? Preamble = null);

/// <summary>Reads the documents of tasks under a folder of benchmarks.</summary>
internal static class TaskData
{
    private const string Naming = "name their folder: --benchmarks FOLDER, benchmarks: FOLDER in a recipe, or ESPALIER_BENCHMARKS";
    private const int MaxPreambleBytes = 1 << 20;

    /// <summary>All subjects of a task, in the order of their names.</summary>
    /// <param name="benchmarks">
    /// The folder under which the task's files lie, unless they lie below the folder of the task's own file; null where nobody names one.
    /// </param>
    /// <param name="shots">Whether shots are wanted: else their files need not be there.</param>
    /// <param name="isWanted">Which subjects are read; null all.</param>
    /// <exception cref="EspalierException">A file is not there or cannot be read.</exception>
    public static IReadOnlyList<TaskSubject> Read(TaskDefinition task, string? benchmarks, bool shots, Predicate<string>? isWanted = null)
    {
        var folder = FolderOf(task, benchmarks);
        var preamble = Preamble(task, folder);
        var subjects = new List<TaskSubject>();
        foreach (var (name, file) in Files(task, task.Test.Files, folder))
        {
            if (isWanted?.Invoke(name) == false)
                continue;
            var documents = Read(file, task.Test);
            var pool = !shots || task.Shots.Documents is not { } from ? documents
                : Read(OfSubject(task, from.Files, name, folder), from);
            subjects.Add(new(name, documents, pool, preamble));
        }
        return subjects;
    }

    /// <summary>
    /// The files that <see cref="Read(TaskDefinition, string?, bool, Predicate{string}?)"/> reads, in its order, each once.
    /// </summary>
    /// <returns>Each file as the task names it, and its path.</returns>
    /// <inheritdoc cref="Read(TaskDefinition, string?, bool, Predicate{string}?)"/>
    public static IReadOnlyList<(string Name, string Path)> Files(TaskDefinition task, string? benchmarks, bool shots)
    {
        var (folder, files) = (FolderOf(task, benchmarks), new List<string>());
        foreach (var (name, file) in Files(task, task.Test.Files, folder))
        {
            files.Add(file);
            if (shots && task.Shots.Documents is { } from)
                files.Add(OfSubject(task, from.Files, name, folder));
        }
        return [.. files.Distinct().Select(file => (Path.GetRelativePath(folder, file), file))];
    }

    private static string FolderOf(TaskDefinition task, string? benchmarks) =>
        task.Folder is { } own && IsThere(own, task.Test.Files) ? own
            : benchmarks ?? throw new EspalierException($"task {task.Name}: the folder of its files is not known; {Naming}");

    /// <summary>Where a file of a task lies: in the folder of the task's own file, else under the benchmarks; null in neither.</summary>
    public static string? Find(TaskDefinition task, string file, string? benchmarks) =>
        ((string?[])[task.Folder, benchmarks]).OfType<string>().Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    /// <summary>
    /// All files that a name with * stands for, where the task's documents are, or the one file of a name without (<see cref="Find"/>),
    /// which need not be there.
    /// </summary>
    public static IEnumerable<(string Name, string? Path)> FindAll(TaskDefinition task, string name, string? benchmarks) =>
        name.Contains('*', StringComparison.Ordinal)
            ? Files(task, name, FolderOf(task, benchmarks))
            .Select(found => (name.Replace("*", found.Subject, StringComparison.Ordinal), (string?)found.File))
            : [(name, Find(task, name, benchmarks))];

    /// <summary>The documents of one more file of a task.</summary>
    /// <exception cref="EspalierException">It is not there or cannot be read.</exception>
    public static IReadOnlyList<TaskDocument> Read(TaskDefinition task, DocumentFiles files, string? benchmarks) =>
        Read(Find(task, files.Files, benchmarks)
            ?? throw Missing(task, Path.Combine(task.Folder ?? benchmarks ?? "benchmarks", files.Files)), files);
    /// <summary>A further file of a task, where its documents are.</summary>
    /// <param name="benchmarks">The folder of benchmarks; null where nobody names one.</param>
    /// <param name="pattern">The file's path, with * for the subject.</param>
    /// <exception cref="EspalierException">It is not there.</exception>
    public static string FileOf(TaskDefinition task, string? benchmarks, string pattern, string subject = "") =>
        OfSubject(task, pattern, subject, FolderOf(task, benchmarks));

    private static IReadOnlyList<TaskDocument> Read(string file, DocumentFiles files)
    {
        var documents = TaskDocuments.Read(file, files.Columns, begins: files.Begins is { } begins ? begins.IsIn : null);
        if (files.Range is not { } range)
            return documents;
        var (first, last) = (range.Start.Value, range.End.Value);
        return last <= documents.Count
            ? [.. documents.Skip(first).Take(last - first).Select((document, i) => document with { Number = i })]
            : throw new EspalierException($"{file}: has {documents.Count} documents, but {first + 1}-{last} are needed");
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

    // Editors end a file with a line break, which is no part of the text.
    private static string? Preamble(TaskDefinition task, string folder)
    {
        if (task.DescriptionFile is not { } name)
            return null;
        var file = Path.Combine(folder, name);
        if (!File.Exists(file))
            throw new EspalierException($"task {task.Name}: {file}, the text before every question, does not exist. It belongs to "
                + "the benchmark, not to this program: write it there, as docs/tasks.md explains");
        return SmallFile.ReadText(file, MaxPreambleBytes).ReplaceLineEndings("\n").TrimEnd('\n');
    }

    private static EspalierException Missing(TaskDefinition task, string file) => new(
        $"task {task.Name}: {file} does not exist; put the benchmark's files there, or {Naming}");
}
