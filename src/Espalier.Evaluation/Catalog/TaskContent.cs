using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Catalog;

/// <summary>What a task is made of: its own text and the files of its documents.</summary>
internal static class TaskContent
{
    /// <summary>Hash of the files of a task's documents, and of those that shots come from, by their contents.</summary>
    /// <exception cref="EspalierException">A file is not there or cannot be read.</exception>
    public static string HashOfDocuments(TaskDefinition task, TaskSettings settings)
    {
        var documents = task.Kind.HasDocuments
            ? TaskData.Files(task, settings.Benchmarks, (settings.Shots ?? task.Shots.Count) > 0) : [];
        var others = task.Kind.OtherFiles.Concat(task.DescriptionFile is { } file ? [file] : Array.Empty<string>())
            .SelectMany(name => TaskData.FindAll(task, name, settings.Benchmarks));
        return ContentHash.OfText(string.Join('\n', documents.Select(file => $"{file.Name} {ContentHash.OfFile(file.Path)}")
            .Concat(others.Select(file => $"{file.Name} {(file.Path is { } path ? ContentHash.OfFile(path) : "none")}"))));
    }
}
