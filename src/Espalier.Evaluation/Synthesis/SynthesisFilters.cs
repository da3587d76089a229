using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Xml;
using Espalier.Compression.Synthesis;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Contamination;
using Espalier.Evaluation.Instructions;
using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Synthesis;

/// <summary>The filters of written texts that know languages and benchmarks.</summary>
/// <param name="Filters">The filters, in their order.</param>
/// <param name="Hash">Hash of what texts are decontaminated from; null for nothing.</param>
internal sealed record SynthesisFilters(IReadOnlyList<TextFilter> Filters, string? Hash)
{
    /// <summary>What the options ask for.</summary>
    /// <param name="benchmarks">The folder under which the files of benchmarks lie; null where nobody names one.</param>
    /// <exception cref="EspalierException">The language is not known, or a benchmark or text cannot be read.</exception>
    public static SynthesisFilters Of(SynthesisOptions options, string? benchmarks, IProgressReporter progress, CancellationToken stop)
    {
        var filters = new List<TextFilter>();
        if (options.Language is { } language)
        {
            if (!Languages.Known.Contains(language))
                throw new EspalierException(
                    $"language is '{language}'; known: {string.Join(", ", Languages.Known.Order(StringComparer.Ordinal))}");
            filters.Add(new("language", written => !Languages.IsIn(written.Text.Text, language)));
        }
        if (options.Decontaminate.Count == 0)
            return new(filters, null);
        var texts = new List<string>();
        foreach (var name in options.Decontaminate)
        {
            var before = texts.Count;
            if (IsTask(name))
                OfTask(TaskCatalog.Find(name), benchmarks, texts);
            else
                texts.AddRange(DocumentSource.Parse(name).Read(new(cancellation: stop)).Select(document => document.Text));
            progress.Note($"decontaminate: {Units.Counted(texts.Count - before, "text")} of {name}");
        }
        var rows = new SharedRows(texts);
        filters.Add(new("contaminated", written => rows.Shares(written.Whole)));
        // Of the texts themselves: another order of benchmarks, or a variant with the same questions, drops the same.
        var hashes = texts.Select(ContentHash.OfText).Distinct().Order(StringComparer.Ordinal);
        return new(filters, ContentHash.OfText(string.Join('\n', hashes)));
    }

    /// <summary>Whether a name is that of a benchmark, and not of a text.</summary>
    public static bool IsTask(string name) => TaskCatalog.Names.Contains(name)
        || name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase)
        || !Path.Exists(DocumentSource.PathOf(name)) && !name.AsSpan().ContainsAny('/', '.', '*') && name != DotnetDocs.Name;

    private static void OfTask(TaskDefinition task, string? benchmarks, List<string> texts)
    {
        if (!task.Kind.HasDocuments)
            throw new EspalierException($"task {task.Name}: makes its own questions, so no text can contain them; leave it out");
        foreach (var subject in TaskData.Read(task, benchmarks, shots: false))
            texts.AddRange(subject.Documents.Select(document => task.Kind.TextOf(task, document)));
    }
}
