namespace Espalier.Compression.Data.Files;

/// <summary>How a file of text is cut into documents.</summary>
internal enum FileKind
{
    /// <summary>Plain text: cut at separator lines and, in long texts, at blank lines.</summary>
    Text,

    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>JSON: an array of records, one record, or records one after the other.</summary>
    Json,

    /// <summary>Rows with a header, their values separated by commas.</summary>
    Csv,

    /// <summary>Rows with a header, their values separated by tabs.</summary>
    Tsv,

    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>.NET XML documentation.</summary>
    Xml,
}
