namespace Espalier.Compression.Data.Records;

/// <summary>How files become documents.</summary>
internal sealed record DocumentOptions
{
    /// <summary>
    /// The field of a record, or the column of a table, that holds the text and alone decides; null for any shape that is known.
    /// </summary>
    public string? Field { get; init; }

    /// <summary>What of a record becomes a document.</summary>
    public RecordReader Reader { get; init; } = RecordReader.Text;

    /// <summary>A line of this text ends a document of plain text. Empty: none does.</summary>
    public string Separator { get; init; } = "<|endoftext|>";

    /// <summary>
    /// A document of plain text ends at the first blank line after so many bytes, and anyhow after eight times as
    /// many, so that a long file is many documents, of which some can be held out.
    /// </summary>
    public int DocumentBytes { get; init; } = 8192;

    /// <summary>
    /// Longest line of JSON lines, JSON record or row of a table that is read, bytes; longer ones are skipped and counted.
    /// </summary>
    public int MaxLineBytes { get; init; } = 16 << 20;

    /// <summary>Sets one option by its kebab-case name.</summary>
    /// <exception cref="EspalierException">No such option, or a value out of range.</exception>
    internal DocumentOptions With(string name, string value, string spec) => name switch
    {
        "field" when value.Length > 0 => this with { Field = value },
        "separator" => this with { Separator = value },
        "document-bytes" => this with { DocumentBytes = Number(name, value, 256, 16 << 20, spec) },
        "max-line-bytes" => this with { MaxLineBytes = Number(name, value, 256, 256 << 20, spec) },
        _ => throw new EspalierException(
            $"data '{spec}': unknown or empty option '{name}'; known: field, separator, document-bytes, max-line-bytes"),
    };

    private static int Number(string name, string value, int low, int high, string spec) =>
        int.TryParse(value, out var number) && number >= low && number <= high
            ? number
            : throw new EspalierException($"data '{spec}': {name} is '{value}'; it must be a whole number from {low} to {high}");
}
