using Espalier.Evaluation.Shots;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Tasks;

/// <summary>Files of documents under the folder of benchmarks.</summary>
/// <param name="Files">A path; with * for several, each of which is a subject, named by what * stands for.</param>
/// <param name="Columns">
/// Names of the columns of a table without a header, or of the lines of a document; null where there are none.
/// </param>
/// <param name="Range">The documents of each file that are taken, from 0; null all.</param>
/// <param name="Begins">What the first line of a document of plain text looks like; null where their number of lines says it.</param>
internal sealed record DocumentFiles(string Files, IReadOnlyList<string>? Columns, Range? Range = null, TaskRegex? Begins = null)
{
    /// <summary>Those of a task that has none.</summary>
    public static DocumentFiles None { get; } = new("", null);

    /// <summary>Reads a key: a file, or a mapping with files, columns and documents; null where it is not there.</summary>
    public static DocumentFiles? Read(TaskFields fields, string key)
    {
        if (!fields.IsMap(key))
            return fields.TextOrNull(key) is { } path ? new(path, null) : null;
        var inner = fields.Inner(key)!;
        var files = Read(inner);
        inner.Close();
        return files;
    }

    /// <summary>Reads the keys files, columns, documents and begins.</summary>
    public static DocumentFiles Read(TaskFields fields)
    {
        var begins = fields.TextOrNull("begins") is { } pattern ? TaskRegex.Parse(pattern, fields.Place("begins")) : null;
        var files = new DocumentFiles(fields.Text("files"), fields.Texts("columns"), Documents(fields), begins);
        return begins is null || files.Columns is [_] ? files
            : throw new EspalierException($"{fields.Place("begins")} says where a text begins, which needs one name in columns");
    }

    // Counted from 1, both ends are taken: as people count lines.
    private static Range? Documents(TaskFields fields)
    {
        if (fields.TextOrNull("documents") is not { } text)
            return null;
        return text.Split('-') is [var first, var last] && Quantity.Count(first) is { } from and > 0 && Quantity.Count(last) is { } to
            && from <= to && to <= int.MaxValue ? ((int)from - 1)..(int)to
            : throw new EspalierException(
                $"{fields.Place("documents")} is '{text}'; it must be like 11-510: the first and the last, from 1");
    }
}

/// <summary>How shots are chosen and written.</summary>
/// <param name="Count">Shots of a document unless the user says otherwise.</param>
/// <param name="Documents">Where they come from; null from the documents that are asked.</param>
/// <param name="Separator">Between a shot and what follows.</param>
internal sealed record ShotRules(int Count, DocumentFiles? Documents, ShotOrder Order, string Separator);

/// <summary>A benchmark: where its documents are, how they are asked, and what is counted.</summary>
internal sealed record TaskDefinition
{
    /// <summary>Its name, as lm-evaluation-harness has it where it has the task.</summary>
    public required string Name { get; init; }

    /// <summary>The file that it was read from.</summary>
    public required string Source { get; init; }

    /// <summary>Hash of that file's text.</summary>
    public string Hash { get; init; } = "";

    /// <summary>The folder of the task's file, in which its documents are looked for first; null of a task of the program.</summary>
    public string? Folder { get; init; }

    /// <summary>What is asked of the model, and how that is judged.</summary>
    public required TaskKind Kind { get; init; }

    /// <summary>The documents; of a kind that has none, <see cref="DocumentFiles.None"/>.</summary>
    public required DocumentFiles Test { get; init; }

    /// <summary>What the model reads; of a partial task once for each option, which it holds as {option}.</summary>
    public required Template Prompt { get; init; }

    /// <summary>Stands before everything; {subject} is what * stands for.</summary>
    public Template? Description { get; init; }

    /// <summary>
    /// The file whose text stands before everything, where it may not be part of a task's file; null where there is none.
    /// </summary>
    public string? DescriptionFile { get; init; }

    /// <summary>Between a prompt and what follows it.</summary>
    public string Delimiter { get; init; } = " ";

    /// <summary>Shots.</summary>
    public required ShotRules Shots { get; init; }
}
