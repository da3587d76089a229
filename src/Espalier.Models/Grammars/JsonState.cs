namespace Espalier.Models.Grammars;

/// <summary>
/// How far a text has come that is to be one JSON object (RFC 8259), byte by byte: what may follow depends on nothing else. Strings are
/// well-formed UTF-8; a <c>\u</c> escape names no half of a surrogate pair, which strict readers refuse. A value: equal states go on alike.
/// </summary>
internal readonly record struct JsonState
{
    /// <summary>Arrays and objects inside of each other, at most.</summary>
    public const int Deepest = 64;

    /// <summary>
    /// White space in a row after which no more may come, a line break and an indentation: a model that writes nothing else would never
    /// end.
    /// </summary>
    public const int MostSpaces = 24;

    private enum Place : byte
    {
        Start, Value, FirstItem, FirstKey, Key, Colon, AfterValue, String, Escape, Hex, Character, Literal, Minus, Zero, Digits, Point,
        Fraction, Exponent, ExponentSign, ExponentDigits, End,
    }

    private static readonly string[] s_literals = ["true", "false", "null"];

    private Place At { get; init; }

    // Of a string whether it is a key.
    private bool IsKey { get; init; }

    // Objects are ones, arrays zeros, the innermost last.
    private ulong Stack { get; init; }

    private byte Depth { get; init; }

    // Which literal; of an escape the digits so far; of a character the bytes that are missing.
    private byte Kind { get; init; }

    // How far the literal is; of an escape whether it may not name a surrogate.
    private byte Step { get; init; }

    // Within what the next byte of a character must lie.
    private byte Low { get; init; }

    private byte High { get; init; }

    private byte Spaces { get; init; }

    /// <summary>Whether the object is whole.</summary>
    public bool IsComplete => At == Place.End;

    /// <summary>The state after one more byte; null where that byte may not come.</summary>
    public JsonState? After(byte b) => At switch
    {
        Place.Start => b == '{' ? Open(isObject: true) : Space(b),
        Place.Value => Value(b) ?? Space(b),
        Place.FirstItem => b == ']' ? Close() : Value(b) ?? Space(b),
        Place.FirstKey => b == '}' ? Close() : b == '"' ? Begin(isKey: true) : Space(b),
        Place.Key => b == '"' ? Begin(isKey: true) : Space(b),
        Place.Colon => b == ':' ? Go(Place.Value) : Space(b),
        Place.AfterValue => Next(b),
        Place.String => Text(b),
        Place.Escape => b == 'u' ? Go(Place.Hex) with { IsKey = IsKey } : "\"\\/bfnrt"u8.Contains(b)
            ? Go(Place.String) with { IsKey = IsKey } : null,
        Place.Hex => Digit(b),
        Place.Character => b < Low || b > High ? null
            : Kind > 1 ? this with { Kind = (byte)(Kind - 1), Low = 0x80, High = 0xBF } : Go(Place.String) with { IsKey = IsKey },
        Place.Literal => b != s_literals[Kind][Step] ? null
            : Step + 1 == s_literals[Kind].Length ? Go(Place.AfterValue) : this with { Step = (byte)(Step + 1) },
        Place.Minus => b == '0' ? Go(Place.Zero) : IsDigit(b) ? Go(Place.Digits) : null,
        Place.Zero => b == '.' ? Go(Place.Point) : b is (byte)'e' or (byte)'E' ? Go(Place.Exponent) : Next(b),
        Place.Digits => IsDigit(b) ? this : b == '.' ? Go(Place.Point) : b is (byte)'e' or (byte)'E' ? Go(Place.Exponent) : Next(b),
        Place.Point => IsDigit(b) ? Go(Place.Fraction) : null,
        Place.Fraction => IsDigit(b) ? this : b is (byte)'e' or (byte)'E' ? Go(Place.Exponent) : Next(b),
        Place.Exponent => b is (byte)'+' or (byte)'-' ? Go(Place.ExponentSign) : IsDigit(b) ? Go(Place.ExponentDigits) : null,
        Place.ExponentSign => IsDigit(b) ? Go(Place.ExponentDigits) : null,
        Place.ExponentDigits => IsDigit(b) ? this : Next(b),
        _ => null,
    };

    private static bool IsDigit(byte b) => b is >= (byte)'0' and <= (byte)'9';

    private JsonState Go(Place place) => new() { At = place, Stack = Stack, Depth = Depth };

    private JsonState Begin(bool isKey) => Go(Place.String) with { IsKey = isKey };

    private JsonState? Open(bool isObject) => Depth == Deepest ? null : new JsonState
    {
        At = isObject ? Place.FirstKey : Place.FirstItem,
        Stack = (Stack << 1) | (isObject ? 1UL : 0),
        Depth = (byte)(Depth + 1),
    };

    private JsonState Close() => new() { At = Depth == 1 ? Place.End : Place.AfterValue, Stack = Stack >> 1, Depth = (byte)(Depth - 1) };

    private JsonState? Space(byte b) =>
        b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' && Spaces < MostSpaces ? this with { Spaces = (byte)(Spaces + 1) } : null;

    private JsonState? Value(byte b) => b switch
    {
        (byte)'{' => Open(isObject: true),
        (byte)'[' => Open(isObject: false),
        (byte)'"' => Begin(isKey: false),
        (byte)'-' => Go(Place.Minus),
        (byte)'0' => Go(Place.Zero),
        >= (byte)'1' and <= (byte)'9' => Go(Place.Digits),
        (byte)'t' => Go(Place.Literal) with { Kind = 0, Step = 1 },
        (byte)'f' => Go(Place.Literal) with { Kind = 1, Step = 1 },
        (byte)'n' => Go(Place.Literal) with { Kind = 2, Step = 1 },
        _ => null,
    };

    // What may stand after a value; a number ends with it, too.
    private JsonState? Next(byte b)
    {
        var isObject = (Stack & 1) == 1;
        return b == ',' ? Go(isObject ? Place.Key : Place.Value)
            : b == (isObject ? '}' : ']') ? Close()
            : At == Place.AfterValue ? Space(b) : Go(Place.AfterValue).Space(b);
    }

    private JsonState? Text(byte b) => b switch
    {
        (byte)'"' => Go(IsKey ? Place.Colon : Place.AfterValue),
        (byte)'\\' => Go(Place.Escape) with { IsKey = IsKey },
        < 0x20 => null,
        < 0x80 => this,
        // RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
        >= 0xC2 and <= 0xDF => Character(1, 0x80, 0xBF),
        0xE0 => Character(2, 0xA0, 0xBF),
        0xED => Character(2, 0x80, 0x9F),
        >= 0xE1 and <= 0xEF => Character(2, 0x80, 0xBF),
        0xF0 => Character(3, 0x90, 0xBF),
        >= 0xF1 and <= 0xF3 => Character(3, 0x80, 0xBF),
        0xF4 => Character(3, 0x80, 0x8F),
        _ => null,
    };

    private JsonState Character(byte missing, byte low, byte high) =>
        Go(Place.Character) with { IsKey = IsKey, Kind = missing, Low = low, High = high };

    private JsonState? Digit(byte b)
    {
        if (!char.IsAsciiHexDigit((char)b) || Step == 1 && b is not (>= (byte)'0' and <= (byte)'7'))
            return null;
        return Kind == 3 ? Go(Place.String) with { IsKey = IsKey }
            : this with { Kind = (byte)(Kind + 1), Step = (byte)(Kind == 0 && b is (byte)'d' or (byte)'D' ? 1 : 0) };
    }
}
