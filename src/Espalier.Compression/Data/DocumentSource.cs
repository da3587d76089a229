using System.IO.Compression;

namespace Espalier.Compression.Data;

/// <summary>Files that are read as a stream of documents, one file after the other, in bounded memory.</summary>
public sealed class DocumentSource
{
    private readonly IReadOnlyList<(string Path, DocumentOptions Options)> files;

    /// <summary>Without this switch of .NET, read once a process, a compressed file that was cut just ends, as if it were whole.</summary>
    static DocumentSource() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    private DocumentSource(string description, IReadOnlyList<(string, DocumentOptions)> files) =>
        (Description, this.files) = (description, files);

    /// <summary>What the user asked for: the specs, joined by commas.</summary>
    public string Description { get; }

    /// <summary>The files, in the order in which they are read.</summary>
    public IEnumerable<string> Files => files.Select(file => file.Path);

    /// <summary>Bytes of all files, as they lie on disk.</summary>
    public long TotalBytes => files.Sum(file => new FileInfo(file.Path).Length);

    /// <summary>
    /// Finds the files of one or more specs. A spec is a path (txt, md, jsonl, each also with .gz; xml of .NET
    /// documentation), a folder, a pattern (<c>docs/**/*.md</c>) or <c>dotnet-docs</c>, and may carry options:
    /// <c>chats.jsonl;field=body</c>, <c>stories.txt;separator=***;document-bytes=4096</c>.
    /// </summary>
    /// <exception cref="EspalierException">Nothing is there, or an option is unknown.</exception>
    public static DocumentSource Parse(params IEnumerable<string> specs) => Parse(specs, null);

    /// <summary>The same without files that folders and patterns happen to hold: what a run wrote itself is no text to train on.</summary>
    /// <param name="specs">The specs.</param>
    /// <param name="leaveOut">Tells of a file that was found whether it is left out; one that is named itself never is.</param>
    /// <exception cref="EspalierException">Nothing is there, or an option is unknown.</exception>
    public static DocumentSource Parse(IEnumerable<string> specs, Predicate<string>? leaveOut)
    {
        string[] all = [.. specs];
        if (all.Length == 0 || all.Any(string.IsNullOrWhiteSpace))
            throw new EspalierException($"data: no source given; a source is a path, a pattern such as docs/**/*.md, or {DotnetDocs.Name}");
        return new DocumentSource(string.Join(", ", all), [.. all.SelectMany(spec => FilesOf(spec, leaveOut))]);
    }

    /// <summary>Reads all documents; counts and progress go to the context.</summary>
    /// <exception cref="EspalierException">A file cannot be read, or is broken XML.</exception>
    public IEnumerable<Document> Read(ReadContext context)
    {
        foreach (var (path, options) in files)
        {
            var before = context.BytesRead;
            using var file = Open(path);
            using var text = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            foreach (var document in Read(text, path, options, context))
            {
                context.Cancellation.ThrowIfCancellationRequested();
                context.BytesRead = before + file.Position;
                yield return document;
            }
            context.BytesRead = before + file.Length;
        }
    }

    private static IEnumerable<Document> Read(Stream stream, string path, DocumentOptions options, ReadContext context)
    {
        var kind = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        if (kind.EndsWith(".xml", StringComparison.OrdinalIgnoreCase))
            return XmlDocuments.Read(stream, path, context);
        var isJson = kind.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase);
        var lines = new LineReader(stream, isJson ? options.MaxLineBytes : 8 * options.DocumentBytes, path);
        if (lines.IsWideEncoding)
        {
            context.Skips.Add(SkipReason.UnsupportedEncoding);
            return [];
        }
        var documents = isJson ? JsonLinesDocuments.Read(lines, path, options, context) : TextDocuments.Read(lines, path, options, context);
        return documents.Concat(CountTruncation(lines, context));
    }

    private static IEnumerable<Document> CountTruncation(LineReader lines, ReadContext context)
    {
        if (lines.Truncated)
            context.Skips.Add(SkipReason.TruncatedFile);
        yield break;
    }

    private static IEnumerable<(string, DocumentOptions)> FilesOf(string spec, Predicate<string>? leaveOut)
    {
        var (path, options) = File.Exists(spec) ? (spec, new DocumentOptions()) : SplitOptions(spec);
        var found = path == DotnetDocs.Name && !Path.Exists(path)
            ? [.. Directory.GetFiles(DotnetDocs.FindFolder(), "*.xml").Order(StringComparer.Ordinal)]
            : SourceFiles.Find(path);
        if (leaveOut is not null && !File.Exists(path))
            found = [.. found.Where(file => !leaveOut(file))];
        return found.Count > 0
            ? found.Select(file => (file, options))
            : throw new EspalierException($"data '{path}': holds nothing but what this run wrote itself; name the text, or give another output folder");
    }

    private static (string Path, DocumentOptions Options) SplitOptions(string spec)
    {
        var parts = spec.Split(';');
        var options = new DocumentOptions();
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            options = equals < 0 ? options.With(part, "", spec) : options.With(part[..equals].Trim(), part[(equals + 1)..], spec);
        }
        return (parts[0].Trim(), options);
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"data '{path}': cannot be read: {error.Message}", error);
        }
    }
}
