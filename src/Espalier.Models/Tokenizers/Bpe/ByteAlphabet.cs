namespace Espalier.Models.Tokenizers.Bpe;

/// <summary>
/// GPT-2's printable alphabet for bytes: printable Latin-1 characters stand for themselves, the other bytes for
/// U+0100 and up, in order.
/// </summary>
internal static class ByteAlphabet
{
    /// <summary>The characters lie below this.</summary>
    public const int CharacterLimit = 0x144;

    private static readonly char[] s_characters = MakeCharacters();
    private static readonly short[] s_bytes = MakeBytes();

    /// <summary>The character that stands for a byte.</summary>
    public static char ToCharacter(byte value) => s_characters[value];

    /// <summary>The byte that a character stands for, or −1 for a character outside the alphabet.</summary>
    public static int ToByte(char character) => character < CharacterLimit ? s_bytes[character] : -1;

    private static char[] MakeCharacters()
    {
        var (characters, next) = (new char[256], 0x100);
        for (var value = 0; value < 256; value++)
            characters[value] = value is >= '!' and <= '~' or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : (char)next++;
        return characters;
    }

    private static short[] MakeBytes()
    {
        var bytes = new short[CharacterLimit];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++)
            bytes[s_characters[value]] = (short)value;
        return bytes;
    }
}
