namespace Espalier.Compression.Data;

/// <summary>Why a piece of text was left out, or what was mended in it.</summary>
public enum SkipReason
{
    /// <summary>A document without anything but white space.</summary>
    EmptyDocument,

    /// <summary>A document whose text was read before.</summary>
    DuplicateDocument,

    /// <summary>A jsonl line longer than <see cref="DocumentOptions.MaxLineBytes"/>.</summary>
    LongLine,

    /// <summary>A jsonl line that is no JSON object.</summary>
    MalformedJson,

    /// <summary>A JSON object without the field, or whose field is no string.</summary>
    MissingField,

    /// <summary>A compressed file that ends early or is damaged; what came before it is used.</summary>
    TruncatedFile,

    /// <summary>A file in UTF-16 or UTF-32.</summary>
    UnsupportedEncoding,

    /// <summary>An XML file that is no XML documentation.</summary>
    NotDocumentation,

    /// <summary>A documented member without a sentence in it.</summary>
    NoProse,

    /// <summary>A documented member, or a paragraph of one, that was read before.</summary>
    DuplicateProse,

    /// <summary>Not dropped: a line with invalid UTF-8, whose bad bytes became U+FFFD.</summary>
    RepairedUtf8,

    /// <summary>Not dropped: a line whose NUL characters were taken out.</summary>
    RemovedNul,

    /// <summary>Not dropped: a document whose text begins with BOS itself, so that BOS stands before it twice, as transformers has it.</summary>
    DoubledBos,
}
