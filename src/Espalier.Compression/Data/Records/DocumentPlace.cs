namespace Espalier.Compression.Data.Records;

/// <summary>Where a document stands in the reading of a source; the same source has the same places.</summary>
/// <param name="File">Which file, in the order in which they are read.</param>
/// <param name="InFile">Documents of that file before it.</param>
/// <param name="Number">Documents of all files before it.</param>
internal readonly record struct DocumentPlace(int File, long InFile, long Number);
