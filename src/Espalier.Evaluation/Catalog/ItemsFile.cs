using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Catalog;

/// <summary>A file of multiple-choice items (<see cref="ItemsKind"/>) that is a task by itself.</summary>
internal static class ItemsFile
{
    /// <summary>How its name ends.</summary>
    public const string Ending = ".jsonl";

    /// <summary>The task; its name is that of the file.</summary>
    /// <exception cref="EspalierException">The file is not there.</exception>
    public static TaskDefinition Task(string path) => !File.Exists(path) ? throw new EspalierException($"{path}: not found") : new()
    {
        Name = Path.GetFileNameWithoutExtension(path),
        Source = path,
        Hash = "items",
        Kind = new ItemsKind(),
        Folder = Path.GetDirectoryName(Path.GetFullPath(path)),
        Test = new(Path.GetFileName(path), null),
        Prompt = Template.Empty,
        Shots = new(0, null, ShotOrder.First, ""),
    };
}
