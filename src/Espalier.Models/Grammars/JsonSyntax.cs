using System.Text;

namespace Espalier.Models.Grammars;

/// <summary>
/// The parts of JSON (RFC 8259). Strings are well-formed UTF-8, without an escape for half of a surrogate pair, which strict readers
/// refuse. White space between tokens is nothing, a space, or a line break with an indentation, and numbers have as many digits as a
/// float64 holds, as in llama.cpp's grammar of JSON: a model that writes nothing else would never end.
/// </summary>
internal static class JsonSyntax
{
    /// <summary>Spaces after a line break, at most.</summary>
    public const int MostIndentation = 20;

    private const int MostDigits = 16, MostExponent = 3;

    private static readonly GrammarNode s_digit = Bytes(ByteSet.Range('0', '9'));
    private static readonly GrammarNode s_hex = Bytes(ByteSet.Of("0123456789abcdefABCDEF"u8));
    private static readonly GrammarNode s_more = Bytes(ByteSet.Range(0x80, 0xBF));

    // RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
    private static readonly GrammarNode s_beyondAscii = new GrammarChoice(
        Bytes(ByteSet.Range(0xC2, 0xDF), s_more),
        Bytes(ByteSet.Of([0xE0]), Bytes(ByteSet.Range(0xA0, 0xBF)), s_more),
        Bytes(ByteSet.Range(0xE1, 0xEC) | ByteSet.Range(0xEE, 0xEF), s_more, s_more),
        Bytes(ByteSet.Of([0xED]), Bytes(ByteSet.Range(0x80, 0x9F)), s_more),
        Bytes(ByteSet.Of([0xF0]), Bytes(ByteSet.Range(0x90, 0xBF)), s_more, s_more),
        Bytes(ByteSet.Range(0xF1, 0xF3), s_more, s_more, s_more),
        Bytes(ByteSet.Of([0xF4]), Bytes(ByteSet.Range(0x80, 0x8F)), s_more, s_more));

    private static readonly GrammarNode s_whole = new GrammarSequence(
        Maybe(Text("-")), new GrammarChoice(Text("0"), new GrammarSequence(
            Bytes(ByteSet.Range('1', '9')), new GrammarRepeat(s_digit, 0, MostDigits - 1))));

    /// <summary>White space between two tokens.</summary>
    public static GrammarNode Space { get; } = Maybe(new GrammarChoice(Text(" "),
        new GrammarSequence(Text("\n"), new GrammarRepeat(Bytes(ByteSet.Of(" \t"u8)), 0, MostIndentation))));

    /// <summary>A character of a string, escaped or not.</summary>
    public static GrammarNode Character { get; } = new GrammarChoice(
        Bytes(ByteSet.Range(0x20, 0x7F) - ByteSet.Of("\"\\"u8)),
        s_beyondAscii,
        new GrammarSequence(Text("\\"), Bytes(ByteSet.Of("\"\\/bfnrt"u8))),
        new GrammarSequence(Text("\\u"), Bytes(ByteSet.Of("0123456789abcefABCEF"u8)), s_hex, s_hex, s_hex),
        new GrammarSequence(Text("\\u"), Bytes(ByteSet.Of("dD"u8)), Bytes(ByteSet.Range('0', '7')), s_hex, s_hex));

    /// <summary>A character of a text that is no JSON.</summary>
    public static GrammarNode TextCharacter { get; } = new GrammarChoice(
        Bytes(ByteSet.Range(0x20, 0x7F) | ByteSet.Of("\t\n\r"u8)), s_beyondAscii);

    public static GrammarNode Integer => s_whole;

    public static GrammarNode Number { get; } = new GrammarSequence(
        s_whole,
        Maybe(new GrammarSequence(Text("."), new GrammarRepeat(s_digit, 1, MostDigits))),
        Maybe(new GrammarSequence(Bytes(ByteSet.Of("eE"u8)), Maybe(Bytes(ByteSet.Of("+-"u8))),
            new GrammarRepeat(s_digit, 1, MostExponent))));

    public static GrammarNode Boolean { get; } = new GrammarChoice(Text("true"), Text("false"));

    public static GrammarNode String { get; } = StringOf(0, null);

    public static GrammarNode Object { get; }

    public static GrammarNode Value { get; }

    static JsonSyntax()
    {
        var value = new GrammarRule();
        Object = Map(value);
        value.Body = new GrammarChoice(Object, List(value, 0, null), String, Number, Boolean, Text("null"));
        Value = value;
    }

    /// <summary>A string of JSON as it is.</summary>
    public static GrammarNode Quoted(string text) => Written(json => json.WriteStringValue(text));

    /// <summary>A value as it is, without white space.</summary>
    public static GrammarNode Constant(JsonElement value) => Written(value.WriteTo);

    /// <summary>A text as it is.</summary>
    public static GrammarNode Text(string text) => Literal(Encoding.UTF8.GetBytes(text));

    /// <summary>Bytes as they are.</summary>
    public static GrammarNode Literal(byte[] bytes) => bytes.Length == 1 ? new GrammarByte(ByteSet.Of(bytes))
        : new GrammarSequence([.. bytes.Select(static b => new GrammarByte(ByteSet.Of([b])))]);

    /// <summary>Any text up to the first place where an end stands, and that end.</summary>
    /// <param name="end">ASCII.</param>
    public static GrammarNode TextUntil(string end)
    {
        // One rule for each beginning of the end that the text ends with (Knuth, Morris and Pratt, 1977).
        GrammarRule[] rules = [.. end.Select(static _ => new GrammarRule())];
        for (var known = 0; known < end.Length; known++)
        {
            var ways = new List<GrammarNode> { new GrammarSequence(s_beyondAscii, rules[0]) };
            foreach (var next in "\t\n\r".Concat(Enumerable.Range(0x20, 0x60).Select(static b => (char)b))
                .GroupBy(next => Enumerable.Range(0, known + 2)
                    .First(cut => end.StartsWith($"{end[..known]}{next}"[cut..], StringComparison.Ordinal))))
            {
                var bytes = new GrammarByte(ByteSet.Of([.. next.Select(static one => (byte)one)]));
                var length = known + 1 - next.Key;
                ways.Add(length == end.Length ? bytes : new GrammarSequence(bytes, rules[length]));
            }
            rules[known].Body = new GrammarChoice([.. ways]);
        }
        return rules[0];
    }

    public static GrammarNode Maybe(GrammarNode part) => new GrammarChoice(new GrammarSequence(), part);

    /// <summary>A string of so many characters.</summary>
    public static GrammarNode StringOf(int least, int? most) =>
        new GrammarSequence(Text("\""), new GrammarRepeat(Character, least, most), Text("\""));

    public static GrammarNode List(GrammarNode item, int least, int? most)
    {
        var more = new GrammarRepeat(new GrammarSequence(Text(","), Space, item, Space), Math.Max(0, least - 1), most - 1);
        GrammarNode some = new GrammarSequence(item, Space, more);
        var items = least > 0 ? some : most == 0 ? new GrammarSequence() : Maybe(some);
        return new GrammarNest(new GrammarSequence(Text("["), Space, items, Text("]")));
    }

    /// <summary>An object of any names with values of one kind.</summary>
    public static GrammarNode Map(GrammarNode value)
    {
        var pair = Pair(String, value);
        return Braces(Maybe(new GrammarSequence(pair, new GrammarRepeat(new GrammarSequence(Text(","), Space, pair), 0, null))));
    }

    /// <summary>A name with its value, and the white space after it.</summary>
    public static GrammarNode Pair(GrammarNode name, GrammarNode value) =>
        new GrammarSequence(name, Space, Text(":"), Space, value, Space);

    /// <summary>An object of what stands in it.</summary>
    public static GrammarNode Braces(GrammarNode pairs) => new GrammarNest(new GrammarSequence(Text("{"), Space, pairs, Text("}")));

    private static GrammarNode Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer,
            new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            write(json);
        return Literal(buffer.WrittenSpan.ToArray());
    }

    private static GrammarNode Bytes(ByteSet first, params GrammarNode[] then) =>
        then.Length == 0 ? new GrammarByte(first) : new GrammarSequence([new GrammarByte(first), .. then]);
}
