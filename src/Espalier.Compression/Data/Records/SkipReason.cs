namespace Espalier.Compression.Data.Records;

/// <summary>Why a piece of text was left out, or what was mended in it.</summary>
internal enum SkipReason
{
    /// <summary>A document without anything but white space.</summary>
    EmptyDocument,

    /// <summary>A document whose text was read before.</summary>
    DuplicateDocument,

    /// <summary>A document that repeats most of an earlier one.</summary>
    NearDuplicate,

    /// <summary>A document in another language than was asked for, or in none that is recognised.</summary>
    OtherLanguage,

    /// <summary>A document that repeats itself more than was asked for.</summary>
    Repetitive,

    /// <summary>A line of JSON lines or of a table, or a JSON record, longer than <see cref="DocumentOptions.MaxLineBytes"/>.</summary>
    LongLine,

    /// <summary>A line of JSON lines, or a part of a JSON file, that is no JSON record, even by Python's rules.</summary>
    MalformedJson,

    /// <summary>A row of a table with more values than the header has columns, or with a quote that never ends.</summary>
    MalformedRow,

    /// <summary>A record without a text in the field, or in any of the known shapes.</summary>
    MissingField,

    /// <summary>A conversation or pair that is none: a turn without a role that is known, or a part that is no text.</summary>
    MalformedConversation,

    /// <summary>A conversation of which nothing counts in the loss: no answer, an empty one, or none that is left of it.</summary>
    NoAnswer,

    /// <summary>A pair whose two answers are the same.</summary>
    EqualAnswers,

    /// <summary>A pair without the two rewards that the loss compares with.</summary>
    MissingReward,

    /// <summary>A conversation that the chat template refuses, or in which it does not show which tokens are the assistant's.</summary>
    RefusedByTemplate,

    /// <summary>A conversation with more tokens than a window holds.</summary>
    TooLong,

    /// <summary>Not dropped: a conversation that was cut to the tokens of a window.</summary>
    CutToWindow,

    /// <summary>A compressed file that ends early or is damaged; what came before it is used.</summary>
    TruncatedFile,

    /// <summary>A file in UTF-16 or UTF-32.</summary>
    UnsupportedEncoding,

    /// <summary>A file of an unknown kind that is no text: NUL bytes, or hardly any UTF-8.</summary>
    BinaryFile,

    /// <summary>An XML file that is no XML documentation.</summary>
    NotDocumentation,

    /// <summary>A documented member without a sentence in it.</summary>
    NoProse,

    /// <summary>A documented member, or a paragraph of one, that was read before.</summary>
    DuplicateProse,

    /// <summary>Not dropped: a line with invalid UTF-8, or half a surrogate pair as an escape, which became U+FFFD.</summary>
    RepairedUtf8,

    /// <summary>Not dropped: a line whose NUL characters were taken out.</summary>
    RemovedNul,

    /// <summary>
    /// Not dropped: a document whose text begins with BOS itself, so that BOS stands before it twice, as transformers has it.
    /// </summary>
    DoubledBos,
}
