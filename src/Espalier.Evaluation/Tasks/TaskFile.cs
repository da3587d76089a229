using Espalier.Evaluation.Shots;
using Espalier.Files;

namespace Espalier.Evaluation.Tasks;

/// <summary>Reads tasks: YAML with the keys that <c>docs/tasks.md</c> lists.</summary>
internal static class TaskFile
{
    private const int MaxBytes = 1 << 20;

    private static readonly YamlKind s_kind = new("task", "test, prompt, choices and answer");

    /// <summary>Reads a task; its name is that of the file.</summary>
    /// <exception cref="EspalierException">Something in it is wrong: file, line and key.</exception>
    public static TaskDefinition Read(string path) =>
        Parse(SmallFile.ReadText(path, MaxBytes), path) with { Folder = Path.GetDirectoryName(Path.GetFullPath(path)) };

    /// <summary>Reads a task's text.</summary>
    public static TaskDefinition Parse(string text, string source)
    {
        if (YamlTree.Parse(text, source, s_kind) is not YamlMap root)
            throw new EspalierException($"{source}: is no task; a task has keys such as test, prompt, choices and answer");
        var fields = new TaskFields(root, source);
        var kind = fields.Word("kind", TaskKind.Choice, ("choice", TaskKind.Choice), ("partial", TaskKind.Partial));
        Template? Optional(string key) => fields.TextOrNull(key) is { } source ? Template.Parse(source, fields.Place(key)) : null;
        Template Wanted(string key) => Template.Parse(fields.Text(key), fields.Place(key));
        var task = new TaskDefinition
        {
            Name = Path.GetFileNameWithoutExtension(source),
            Source = source,
            Kind = kind,
            Test = Files(fields, "test") ?? throw new EspalierException($"{source}: test is missing: the file of the documents"),
            Prompt = Wanted("prompt"),
            Choices = [.. (fields.Texts("choices") ?? throw new EspalierException($"{source}: choices is missing"))
                .Select(choice => Template.Parse(choice, fields.Place("choices")))],
            Answer = Wanted("answer"),
            AnswerForm = fields.Word("answer-is", AnswerForm.Index, ("index", AnswerForm.Index), ("one-based", AnswerForm.OneBased),
                ("letter", AnswerForm.Letter), ("text", AnswerForm.Text)),
            Continuation = kind == TaskKind.Partial ? Wanted("continuation") : null,
            Description = Optional("description"),
            Delimiter = fields.TextOrNull("delimiter") ?? " ",
            Shots = Shots(fields.Inner("shots")),
        };
        fields.Close();
        if (task.Choices is [{ LoneField: null }])
            throw new EspalierException(
                $"{fields.Place("choices")} is one choice; name a list of them, or the field that holds one, such as {{choices}}");
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
        var files = new DocumentFiles(inner.Text("files"), inner.Texts("columns"));
        inner.Close();
        return files;
    }
}
