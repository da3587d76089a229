namespace Espalier.Compression.Data.Records;

/// <summary>One document: what is held out, encoded and ended by EOS as a whole.</summary>
/// <param name="Text">Its text; line ends are LF, no NUL, not only white space.</param>
/// <param name="Origin">File and place in it, for messages.</param>
internal readonly record struct Document(string Text, string Origin)
{
    /// <summary>Where it stands in its source.</summary>
    public DocumentPlace Place { get; init; }
}
