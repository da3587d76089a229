using System.Text;

namespace Espalier.Files;

/// <summary>Writes JSON that a person can read: objects indented, a list of numbers on one line.</summary>
internal static class JsonLayout
{
    private static readonly JsonWriterOptions s_indented = new() { Indented = true, NewLine = "\n" };

    /// <summary>The bytes of a file, with a line feed at the end.</summary>
    public static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, s_indented))
            write(json);
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>A field that lists numbers; null stands for one that is not finite, which JSON lacks.</summary>
    public static void Numbers<T>(this Utf8JsonWriter json, string name, IEnumerable<T> numbers) where T : struct, IFormattable
    {
        json.WritePropertyName(name);
        json.Row(numbers);
    }

    /// <summary>A field that lists lists of numbers.</summary>
    public static void NumberLists<T>(this Utf8JsonWriter json, string name, IEnumerable<IEnumerable<T>> lists)
        where T : struct, IFormattable => json.WriteList(name, lists, json.Row);

    private static void Row<T>(this Utf8JsonWriter json, IEnumerable<T> numbers) where T : struct, IFormattable
    {
        var text = new StringBuilder("[");
        foreach (var number in numbers)
            text.Append(text.Length > 1 ? ", " : "")
                .Append(number is double real && !double.IsFinite(real) ? "null" : number.ToString(null, CultureInfo.InvariantCulture));
        json.WriteRawValue(text.Append(']').ToString());
    }
}
