using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Formats;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Xml;

namespace Espalier.Compression.Data.Sources;

/// <summary>Files that are read as a stream of documents, one file after the other, in bounded memory.</summary>
internal sealed class DocumentSource
{
    // Records of a json file come in pieces of this size, whatever its lines are.
    private const int PieceBytes = 64 << 10;

    private readonly IReadOnlyList<(string Path, DocumentOptions Options)> _files;

    /// <summary>Without this switch of .NET, read once a process, a compressed file that was cut just ends, as if it were whole.</summary>
    static DocumentSource() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    private DocumentSource(string description, IReadOnlyList<(string, DocumentOptions)> files, IReadOnlyList<string> notes) =>
        (Description, this._files, Notes) = (description, files, notes);

    /// <summary>What the user asked for: the specs, joined by commas.</summary>
    public string Description { get; }

    /// <summary>What the user should know of the choice of files: a line each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The files, in the order in which they are read.</summary>
    public IEnumerable<string> Files => _files.Select(file => file.Path);

    /// <summary>Bytes of all files, as they lie on disk.</summary>
    public long TotalBytes => _files.Sum(file => RealPath.LengthOf(file.Path));

    /// <inheritdoc cref="Parse(IEnumerable{string}, string?, Predicate{string}?, RecordReader?)"/>
    public static DocumentSource Parse(params IEnumerable<string> specs) => Parse(specs, field: null);

    /// <summary>
    /// Finds the files of one or more specs. A spec is a path (<c>docs/recipe.md</c> lists the kinds), a folder, a pattern
    /// (<c>docs/**/*.md</c>) or <c>dotnet-docs</c>, and may carry options: <c>chats.jsonl;field=body</c>,
    /// <c>stories.txt;separator=***;document-bytes=4096</c>.
    /// </summary>
    /// <param name="field">The field of records that alone decides, where a spec names none; null for any known shape.</param>
    /// <param name="leaveOut"> Tells of a file that a folder or pattern holds whether it is left out: what a run wrote itself is no text to
    /// train on. One that is named itself never is.
    /// </param>
    /// <param name="reader">What of records is read; null their text.</param>
    /// <exception cref="EspalierException">Nothing is there, or an option is unknown.</exception>
    public static DocumentSource Parse(
        IEnumerable<string> specs, string? field, Predicate<string>? leaveOut = null, RecordReader? reader = null)
    {
        string[] all = [.. specs];
        if (all.Length == 0 || all.Any(string.IsNullOrWhiteSpace))
            throw new EspalierException($"data: no source given; a source is a path, a pattern such as docs/**/*.md, or {DotnetDocs.Name}");
        var notes = new List<string>();
        return new DocumentSource(string.Join(", ", all),
            [.. all.SelectMany(spec => FilesOf(spec, new() { Field = field, Reader = reader ?? RecordReader.Text }, leaveOut, notes))],
            notes);
    }

    /// <summary>The path, folder or pattern of a spec, without its options.</summary>
    public static string PathOf(string spec) => Path.Exists(spec) ? spec : spec.Split(';')[0].Trim();

    /// <summary>Reads all documents, or those from a place on; counts and progress go to the context.</summary>
    /// <param name="context">Takes counts and progress.</param>
    /// <param name="from">The first document; what stands before it is not counted by number again.</param>
    /// <exception cref="EspalierException">
    /// A file cannot be read, is broken XML or Parquet, or is a table without a column of text.
    /// </exception>
    public IEnumerable<Document> Read(ReadContext context, DocumentPlace from = default)
    {
        var number = from.Number;
        foreach (var (index, (path, options)) in _files.Index())
        {
            // Which paragraphs of documentation are new depends on all documentation before.
            if (index < from.File && FileKinds.Of(path) != FileKind.Xml)
                continue;
            var (before, inFile) = (context.BytesRead, 0L);
            using var file = ReadableFile.Open(path, 1 << 16, FileOptions.SequentialScan, $"data '{path}'");
            foreach (var document in Read(file, path, options, context))
            {
                context.Cancellation.ThrowIfCancellationRequested();
                context.BytesRead = before + file.Position;
                var place = inFile++;
                if (index < from.File || (index == from.File && place < from.InFile))
                    continue;
                yield return document with { Place = new(index, place, number++) };
            }
            context.BytesRead = before + file.Length;
        }
    }

    private static IEnumerable<Document> Read(FileStream file, string path, DocumentOptions options, ReadContext context)
    {
        var kind = FileKinds.Of(path);
        if (kind != FileKind.Parquet)
            return OfText(file, kind, path, options, context);
        return FileKinds.Unpacked(path) == path
            ? ParquetDocuments.Read(file, path, options, context)
            : throw new EspalierException(
                $"data '{path}': a Parquet file is compressed inside and is not read through another compression; unpack it first");
    }

    private static IEnumerable<Document> OfText(FileStream file, FileKind? kind, string path, DocumentOptions options, ReadContext context)
    {
        using var unpacked = PackedFile.Unpack(file, path);
        foreach (var document in Documents(unpacked ?? file, kind, path, options, context))
            yield return document;
    }

    private static IEnumerable<Document> Documents(Stream stream, FileKind? kind, string path, DocumentOptions options, ReadContext context)
    {
        if (kind == FileKind.Xml)
            return XmlDocuments.Read(stream, path, context);
        var lines = new LineReader(stream, LongestLine(kind, options), path);
        if (lines.IsWideEncoding)
        {
            context.Skips.Add(SkipReason.UnsupportedEncoding, () => $"{path} is UTF-16 or UTF-32; convert it to UTF-8");
            return [];
        }
        if (BinaryContent.WideForm(lines.Head) is { } form)
        {
            context.Skips.Add(
                SkipReason.UnsupportedEncoding,
                () => $"{path} looks like {form} without a byte order mark: convert it, as with iconv -f {form} -t UTF-8");
            return [];
        }
        if (kind is null && BinaryContent.WhyNotText(lines.Head) is { } why)
        {
            context.Skips.Add(SkipReason.BinaryFile, () => $"{path}: {why}");
            return [];
        }
        var documents = kind switch
        {
            FileKind.JsonLines => JsonLinesDocuments.Read(lines, path, options, context),
            FileKind.Json => JsonDocuments.Read(lines, path, options, context),
            FileKind.Csv => TableDocuments.Read(lines, null, path, options, context),
            FileKind.Tsv => TableDocuments.Read(lines, '\t', path, options, context),
            _ => TextDocuments.Read(lines, path, options, context),
        };
        return documents.Concat(CountTruncation(lines, path, context));
    }

    private static int LongestLine(FileKind? kind, DocumentOptions options) => kind switch
    {
        FileKind.JsonLines or FileKind.Csv or FileKind.Tsv => options.MaxLineBytes,
        FileKind.Json => PieceBytes,
        _ => 8 * options.DocumentBytes,
    };

    private static IEnumerable<Document> CountTruncation(LineReader lines, string path, ReadContext context)
    {
        if (lines.Truncated)
            context.Skips.Add(SkipReason.TruncatedFile, () => $"{path} is damaged or truncated; the part before is used");
        yield break;
    }

    private static IEnumerable<(string, DocumentOptions)> FilesOf(string spec, DocumentOptions common, Predicate<string>? leaveOut,
        List<string> notes)
    {
        var (path, options) = File.Exists(spec) ? (spec, common) : SplitOptions(spec, common);
        string? note = null;
        var found = path == DotnetDocs.Name && !Path.Exists(path)
            ? [.. Directory.GetFiles(DotnetDocs.FindFolder(), "*.xml").Order(StringComparer.Ordinal)]
            : SourceFiles.Find(path, out note);
        if (note is not null)
            notes.Add(note);
        foreach (var file in found)
            ReadableFile.RequireNoPipe(file, $"data '{file}'");
        if (leaveOut is not null && !File.Exists(path))
            found = [.. found.Where(file => !leaveOut(file))];
        return found.Count > 0
            ? found.Select(file => (file, options))
            : throw new EspalierException(
                $"data '{path}': contains only what this run itself wrote; give the text, or another output folder");
    }

    private static (string Path, DocumentOptions Options) SplitOptions(string spec, DocumentOptions options)
    {
        var parts = spec.Split(';');
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            options = equals < 0 ? options.With(part, "", spec) : options.With(part[..equals].Trim(), part[(equals + 1)..], spec);
        }
        return (parts[0].Trim(), options);
    }
}
