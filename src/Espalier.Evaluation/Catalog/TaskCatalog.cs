using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Catalog;

/// <summary>Tasks by their names: those that come with the program, and files of the user's.</summary>
internal static class TaskCatalog
{
    private const string Folder = "tasks/", Ending = ".yaml";

    /// <summary>Names of the tasks that come with the program.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. typeof(TaskCatalog).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Select(name => name[Folder.Length..^Ending.Length])
        .Order(StringComparer.Ordinal)];

    /// <summary>The task of a name, or of a file that ends in .yaml or .yml.</summary>
    /// <exception cref="EspalierException">There is none of that name, or something in the file is wrong.</exception>
    public static TaskDefinition Find(string name)
    {
        if (name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase))
            return TaskFile.Read(name);
        if (!Names.Contains(name))
            throw new EspalierException(
                $"there is no task '{name}'.{NearestName.Hint(name, Names)} There are {string.Join(", ", Names)}; or give a task file, "
                    + $"which ends in {Ending}");
        using var text = new StreamReader(typeof(TaskCatalog).Assembly.GetManifestResourceStream($"{Folder}{name}{Ending}")!);
        return TaskFile.Parse(text.ReadToEnd(), $"{Folder}{name}{Ending}");
    }
}
