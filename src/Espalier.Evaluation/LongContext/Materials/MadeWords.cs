using Espalier.Evaluation.Shots;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>
/// Words that nobody has read before, drawn by chance: no list of words is needed, and all have one length, so that none is part of another
/// where answers are looked for in what a model wrote. No word is drawn twice.
/// </summary>
internal sealed class MadeWords(PythonRandom random)
{
    private const string Consonants = "bdklmnrstv", Vowels = "aeiou";

    private readonly HashSet<string> _drawn = new(StringComparer.Ordinal);

    /// <summary>Three syllables of a consonant and a vowel: one of 125,000 words that can be spoken.</summary>
    public string Word() => New(() => string.Concat(Enumerable.Range(0, 3).Select(_ => Syllable())));

    /// <summary>Two such words joined by a hyphen: what needles are named by.</summary>
    public string Pair() => $"{Word()}-{Word()}";

    /// <summary>Seven digits, the first not 0.</summary>
    public string Number() => New(() => $"{1_000_000 + random.Below(9_000_000)}");

    /// <summary>A UUID of version 4 (RFC 9562).</summary>
    public string Uuid() => New(() =>
    {
        var digits = string.Concat(Enumerable.Range(0, 32).Select(place => place switch
        {
            12 => '4',
            16 => "89ab"[random.Below(4)],
            _ => "0123456789abcdef"[random.Below(16)],
        }));
        return $"{digits[..8]}-{digits[8..12]}-{digits[12..16]}-{digits[16..20]}-{digits[20..]}";
    });

    /// <summary>So many letters by chance.</summary>
    /// <param name="length">How many.</param>
    /// <param name="first">The first letter of the alphabet: a or A.</param>
    public string Letters(int length, char first) =>
        New(() => string.Concat(Enumerable.Range(0, length).Select(_ => (char)(first + random.Below(26)))));

    private string Syllable() => $"{Consonants[random.Below(Consonants.Length)]}{Vowels[random.Below(Vowels.Length)]}";

    private string New(Func<string> draw)
    {
        var word = draw();
        while (!_drawn.Add(word))
            word = draw();
        return word;
    }
}
