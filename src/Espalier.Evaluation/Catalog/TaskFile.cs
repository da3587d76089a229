using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Code;
using Espalier.Evaluation.FunctionCalls;
using Espalier.Evaluation.Health;
using Espalier.Evaluation.Instructions;
using Espalier.Evaluation.Judging;
using Espalier.Evaluation.LongContext;
using Espalier.Evaluation.Perplexity;
using Espalier.Evaluation.Retrieval;
using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Catalog;

/// <summary>Reads tasks: YAML with the keys that <c>docs/tasks.md</c> lists.</summary>
internal static class TaskFile
{
    private const int MaxBytes = 1 << 20;

    private static readonly YamlKind s_yaml = new("task", "test, prompt, choices and answer");

    private static readonly (string Word, Func<TaskFields, TaskKind> Read)[] s_kinds =
        [("choice", ChoiceKind.Read), ("partial", PartialKind.Read), ("generate", GenerateKind.Read),
            ("code", CodeKind.Read), ("likelihood", LikelihoodKind.Read), ("perplexity", PerplexityKind.Read),
            ("continuation", ContinuationKind.Read), ("instructions", InstructionTaskKind.Read),
            ("function-calls", FunctionCallKind.Read), ("judged", JudgedKind.Read),
            ("rag", RagKind.Read), ("ruler", RulerKind.Read)];

    /// <summary>Reads a task; its name is that of the file.</summary>
    /// <exception cref="EspalierException">Something in it is wrong: file, line and key.</exception>
    public static TaskDefinition Read(string path) =>
        Parse(SmallFile.ReadText(path, MaxBytes), path) with { Folder = Path.GetDirectoryName(Path.GetFullPath(path)) };

    /// <summary>Reads a task's text.</summary>
    public static TaskDefinition Parse(string text, string source)
    {
        if (YamlTree.Parse(text, source, s_yaml) is not YamlMap root)
            throw new EspalierException($"{source}: is not a task; a task has keys such as test, prompt, choices and answer");
        var fields = new TaskFields(root, source);
        var kind = fields.Word<Func<TaskFields, TaskKind>>("kind", ChoiceKind.Read, s_kinds)(fields);
        var task = new TaskDefinition
        {
            Name = Path.GetFileNameWithoutExtension(source),
            Source = source,
            Hash = ContentHash.OfText(text),
            Kind = kind,
            Test = !kind.HasDocuments ? DocumentFiles.None : DocumentFiles.Read(fields, "test")
                ?? throw new EspalierException($"{source}: test is missing: the file of the documents"),
            Prompt = kind.HasPrompt ? fields.Template("prompt") : Template.Empty,
            Description = fields.TemplateOrNull("description"),
            DescriptionFile = fields.TextOrNull("description-from"),
            Delimiter = fields.TextOrNull("delimiter") ?? " ",
            Shots = Shots(fields.Inner("shots")),
        };
        fields.Close();
        if (task is { Description: not null, DescriptionFile: not null })
            throw new EspalierException($"{source}: has both description and description-from; keep one");
        if (!task.Kind.TakesShots && (task.Shots.Count > 0 || task.Description is not null || task.DescriptionFile is not null))
            throw new EspalierException(
                $"{source}: a task of kind {task.Kind.Name} measures the text alone: remove shots and description");
        return task;
    }

    private static ShotRules Shots(TaskFields? fields)
    {
        if (fields is null)
            return new(0, null, ShotOrder.Random, "\n\n");
        var rules = new ShotRules(
            fields.Number("count", 0), DocumentFiles.Read(fields, "from"),
            fields.Word("order", ShotOrder.Random, ("random", ShotOrder.Random), ("first", ShotOrder.First)),
            fields.TextOrNull("separator") ?? "\n\n");
        fields.Close();
        return rules;
    }
}
