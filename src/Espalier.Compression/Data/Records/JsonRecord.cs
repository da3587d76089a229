using System.Text;
using System.Text.Unicode;

namespace Espalier.Compression.Data.Records;

/// <summary>
/// One JSON record to a document's text; what cannot be one is counted with its reason, and the first of each reason is shown.
/// </summary>
internal static class JsonRecord
{
    private const int ShownKeys = 8, ShownLength = 40;

    /// <summary>The text, or null for a record that was skipped.</summary>
    /// <param name="json">The record's bytes.</param>
    /// <param name="origin">File and line.</param>
    /// <param name="field">The field that decides; null for any known shape.</param>
    /// <param name="reader">What of the record is read; null its text.</param>
    public static string? Text(byte[] json, string origin, string? field, SkipCounts skips, RecordReader? reader = null)
    {
        reader ??= RecordReader.Text;
        if (!Utf8.IsValid(json))
        {
            skips.Add(SkipReason.RepairedUtf8);
            json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        }
        try
        {
            var (text, keys) = LenientJson.Read(
                json, record => (reader.Of(record, field), KeysOf(record)), () => skips.Add(SkipReason.RepairedUtf8));
            if (text is null && keys is null)
                return Skip(SkipReason.MalformedJson, skips, () => $"{origin} is not a JSON object");
            if (text is null)
                return Missing(keys!, origin, field, skips, reader);
            text = CleanText.Normalise(text, skips);
            return string.IsNullOrWhiteSpace(text) ? Skip(SkipReason.EmptyDocument, skips, null) : text;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return Skip(SkipReason.MalformedJson, skips, () => $"{origin} is not valid JSON "
                + $"{OneLine.Clipped(JsonReason.InLine(error), 120)}");
        }
    }

    /// <summary>Counts a record without text, and says what was looked for and what is there.</summary>
    public static string? Missing(
        IReadOnlyCollection<string> keys, string origin, string? field, SkipCounts skips, RecordReader reader) =>
        Skip(SkipReason.MissingField, skips, () =>
    {
        var shown = keys.Count == 0 ? "has no keys"
            : $"has {string.Join(", ", keys.Take(ShownKeys).Select(key => OneLine.Clipped(key, ShownLength)))}"
                + $"{(keys.Count > ShownKeys ? ", ..." : "")}";
        return field is null
            ? $"{origin} {shown}, but no text in any of {reader.Known}{(reader.HasField ? $"; name the field {RecordText.ByName}" : "")}"
                + (reader.WhatReads(keys) is { } other ? $"; {other}" : "")
            : $"{origin} {shown}, but no text in the field {OneLine.Clipped(field, ShownLength)}."
                + $"{NearestName.Hint(field, keys.Select(key => OneLine.Clipped(key, ShownLength)))}";
    });

    private static List<string>? KeysOf(JsonElement record) => record.ValueKind == JsonValueKind.Object
        ? [.. record.EnumerateObject().Take(ShownKeys + 1).Select(property => property.Name)]
        : null;

    private static string? Skip(SkipReason reason, SkipCounts skips, Func<string>? example)
    {
        skips.Add(reason, example);
        return null;
    }
}
