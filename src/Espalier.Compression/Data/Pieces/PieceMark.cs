using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Pieces;

/// <summary>Where a piece of the training tokens begins in the source, and what it holds.</summary>
/// <param name="File">The file of the document that it begins in, in the order in which they are read.</param>
/// <param name="InFile">Documents of that file before this one.</param>
/// <param name="Number">Documents of all files before this one.</param>
/// <param name="Skip">Ids of that document that belong to the piece before.</param>
/// <param name="Sha256">Of the piece's ids as they lie on disk.</param>
internal sealed record PieceMark(int File, long InFile, long Number, long Skip, string Sha256)
{
    /// <summary>Where its first document stands.</summary>
    internal DocumentPlace Place => new(File, InFile, Number);
}
