namespace Espalier.Compression.Data.Records;

/// <summary>What of a record (a line of JSON lines, a row of a table) becomes a document's text.</summary>
internal abstract class RecordReader
{
    /// <summary>Its text, in the shapes that people have: <see cref="RecordText"/>.</summary>
    public static RecordReader Text { get; } = new OfText();

    /// <summary>Fields that any shape reads, so that a table need not read its others.</summary>
    public abstract IEnumerable<string> Fields { get; }

    /// <summary>What is read without being told, for messages.</summary>
    public abstract string Known { get; }

    /// <summary>Whether a field of another name may be named for what it reads.</summary>
    public virtual bool HasField => false;

    /// <summary>Whether columns of numbers are read too, as texts.</summary>
    public virtual bool TakesNumbers => false;

    /// <summary>What reads a record with such keys, which this does not, as the end of a sentence; null for nothing known.</summary>
    public virtual string? WhatReads(IReadOnlyCollection<string> keys) => null;

    /// <summary>The document's text, which may be empty; null where the record has none.</summary>
    /// <param name="record">An object; also a text alone, or a list.</param>
    /// <param name="field">The field that decides; null for any known shape.</param>
    /// <exception cref="InvalidOperationException">A string holds half a surrogate pair.</exception>
    public abstract string? Of(JsonElement record, string? field);

    private sealed class OfText : RecordReader
    {
        public override IEnumerable<string> Fields => RecordText.Fields;

        public override string Known => RecordText.Known;

        public override bool HasField => true;

        public override string? Of(JsonElement record, string? field) => RecordText.Of(record, field);
    }
}
