using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Code;
using Espalier.Evaluation.Health;
using Espalier.Evaluation.Perplexity;
using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Files;

namespace Espalier.Evaluation.Catalog;

/// <summary>Reads tasks: YAML with the keys that <c>docs/tasks.md</c> lists.</summary>
internal static class TaskFile
{
    private const int MaxBytes = 1 << 20;

    private static readonly YamlKind s_yaml = new("task", "test, prompt, choices and answer");

    private static readonly (string Word, Func<TaskFields, TaskKind> Read)[] s_kinds =
        [("choice", ChoiceKind.Read), ("partial", PartialKind.Read), ("generate", GenerateKind.Read),
            ("code", CodeKind.Read), ("likelihood", LikelihoodKind.Read), ("perplexity", PerplexityKind.Read),
            ("continuation", ContinuationKind.Read)];

    /// <summary>Reads a task; its name is that of the file.</summary>
    /// <exception cref="EspalierException">Something in it is wrong: file, line and key.</exception>
    public static TaskDefinition Read(string path) =>
        Parse(SmallFile.ReadText(path, MaxBytes), path) with { Folder = Path.GetDirectoryName(Path.GetFullPath(path)) };

    /// <summary>Reads a task's text.</summary>
    public static TaskDefinition Parse(string text, string source)
    {
        if (YamlTree.Parse(text, source, s_yaml) is not YamlMap root)
            throw new EspalierException($"{source}: is no task; a task has keys such as test, prompt, choices and answer");
        var fields = new TaskFields(root, source);
        var task = new TaskDefinition
        {
            Name = Path.GetFileNameWithoutExtension(source),
            Source = source,
            Test = Files(fields, "test") ?? throw new EspalierException($"{source}: test is missing: the file of the documents"),
            Prompt = fields.Template("prompt"),
            Kind = fields.Word<Func<TaskFields, TaskKind>>("kind", ChoiceKind.Read, s_kinds)(fields),
            Description = fields.TemplateOrNull("description"),
            DescriptionFile = fields.TextOrNull("description-from"),
            Delimiter = fields.TextOrNull("delimiter") ?? " ",
            Shots = Shots(fields.Inner("shots")),
        };
        fields.Close();
        if (task is { Description: not null, DescriptionFile: not null })
            throw new EspalierException($"{source}: has description and description-from; only one can stand before everything");
        if (!task.Kind.TakesShots && (task.Shots.Count > 0 || task.Description is not null || task.DescriptionFile is not null))
            throw new EspalierException(
                $"{source}: nothing stands before a text whose {task.Kind.Name} is measured: no shots, no description");
        return task;
    }

    private static ShotRules Shots(TaskFields? fields)
    {
        if (fields is null)
            return new(0, null, ShotOrder.Random, "\n\n");
        var rules = new ShotRules(
            fields.Number("count", 0), Files(fields, "from"),
            fields.Word("order", ShotOrder.Random, ("random", ShotOrder.Random), ("first", ShotOrder.First)),
            fields.TextOrNull("separator") ?? "\n\n");
        fields.Close();
        return rules;
    }

    private static DocumentFiles? Files(TaskFields fields, string key)
    {
        if (!fields.IsMap(key))
            return fields.TextOrNull(key) is { } path ? new(path, null) : null;
        var inner = fields.Inner(key)!;
        var begins = inner.TextOrNull("begins") is { } pattern ? TaskRegex.Parse(pattern, inner.Place("begins")) : null;
        var files = new DocumentFiles(inner.Text("files"), inner.Texts("columns"), Documents(inner), begins);
        if (begins is not null && files.Columns is not [_])
            throw new EspalierException($"{inner.Place("begins")} says where a text begins, which needs one name in columns");
        inner.Close();
        return files;
    }

    // Counted from 1, both ends are taken: as people count lines.
    private static Range? Documents(TaskFields fields)
    {
        if (fields.TextOrNull("documents") is not { } text)
            return null;
        return text.Split('-') is [var first, var last] && Quantity.Count(first) is { } from and > 0 && Quantity.Count(last) is { } to
            && from <= to && to <= int.MaxValue ? ((int)from - 1)..(int)to
            : throw new EspalierException(
                $"{fields.Place("documents")} is '{text}' and must be like 11-510: the first and the last, from 1");
    }
}
