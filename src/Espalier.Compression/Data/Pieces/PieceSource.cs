using System.Text.RegularExpressions;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data.Pieces;

/// <summary>What pieces of training tokens are made from.</summary>
/// <param name="Index">Where pieces begin and what they hold.</param>
/// <param name="Kept">The documents that were taken.</param>
/// <param name="Folder">Where pieces lie, each in a folder of its own; nothing else is touched there.</param>
internal sealed record PieceSource(DocumentSource Source, DocumentEncoder Encoder, PieceIndex Index, KeptDocuments Kept, string Folder)
{
    private static readonly Regex s_name = new("^([0-9]+-)?[0-9]{6}$", RegexOptions.NonBacktracking);

    /// <summary>What names of folders begin with, where several sources have their pieces in one folder.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Threads that encode, beside those that train.</summary>
    public int Workers { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Opens what a first reading of the source left in a folder.</summary>
    /// <param name="folder">The folder of <see cref="PieceIndex.FileName"/>.</param>
    public static PieceSource Open(string folder, DocumentSource source, DocumentEncoder encoder, string pieces) =>
        new(source, encoder, PieceIndex.Read(folder), KeptDocuments.Read(folder), pieces);

    /// <summary>The folder of a piece.</summary>
    public string PathOf(int piece) => Path.Combine(Folder, $"{Prefix}{piece:000000}");

    /// <summary>Reads and encodes what was taken, from where a piece begins on.</summary>
    /// <param name="write">Takes documents, in order.</param>
    /// <param name="isEnough">Whether no more are wanted.</param>
    /// <param name="stop">Stops between documents.</param>
    public void Read(int piece, Action<EncodedDocument> write, Func<bool> isEnough, CancellationToken stop)
    {
        var (mark, context) = (Index.Pieces[piece], new ReadContext(cancellation: stop));
        var number = mark.Number;
        var options = new CorpusOptions
        {
            Sources = [],
            Workers = Workers,
            Deduplicate = false,
            // Asked once for each document, in order: what was dropped, held out or kept was decided when the source was first read.
            Filters = [new(SkipReason.DuplicateDocument, _ => !Kept.Contains(number++))],
        };
        new EncodingPipeline(Encoder, context, options).Run(Source.Read(context, mark.Place), write, static () => { }, isEnough);
    }

    /// <summary>Deletes a piece: the files of its store, and its folder where nothing else lies in it.</summary>
    public void Delete(int piece) => Delete(PathOf(piece));

    /// <summary>Deletes the pieces of a folder, whoever made them, and the folder where nothing else lies in it.</summary>
    public static void DeleteAll(string pieces)
    {
        if (!Directory.Exists(pieces))
            return;
        foreach (var piece in new DirectoryInfo(pieces).GetDirectories())
            if (piece.LinkTarget is null && s_name.IsMatch(piece.Name))
                Delete(piece.FullName);
        if (!Directory.EnumerateFileSystemEntries(pieces).Any())
            DurableFiles.OnDisk.TryDelete(pieces);
    }

    private static void Delete(string folder)
    {
        var files = DurableFiles.OnDisk;
        if (!Directory.Exists(folder))
            return;
        // Without an index there is no store: it goes first.
        foreach (var name in (string[])[TokenStoreWriter.IndexName, TokenStoreWriter.TokensName, TokenStoreWriter.DocumentsName])
            if (File.Exists(Path.Combine(folder, name)))
                files.DeleteFile(Path.Combine(folder, name));
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            files.TryDelete(folder);
    }
}
