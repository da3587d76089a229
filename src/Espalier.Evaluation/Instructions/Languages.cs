using System.Text;
using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Instructions;

/// <summary>
/// Which language a text is in: by its script, by letters that only some languages have, and by the commonest words. IFEval's own program
/// asks langdetect (n-grams of letters, drawn at random, so that it contradicts itself on short texts). What differs: a text of Latin,
/// Cyrillic, Arabic or Devanagari letters in which no common word is found is in no language here, where langdetect would guess one; of
/// languages with one of those scripts only those in the tables below are known. As there, a text without letters is in any language.
/// </summary>
internal static class Languages
{
    private static readonly (string Language, int First, int Last)[] s_scripts =
    [
        ("el", 0x370, 0x3FF), ("he", 0x590, 0x5FF), ("bn", 0x980, 0x9FF), ("pa", 0xA00, 0xA7F), ("gu", 0xA80, 0xAFF), ("ta", 0xB80, 0xBFF),
        ("te", 0xC00, 0xC7F), ("kn", 0xC80, 0xCFF), ("ml", 0xD00, 0xD7F), ("th", 0xE00, 0xE7F), ("ko", 0x1100, 0x11FF),
        ("ja", 0x3040, 0x30FF), ("ko", 0x3130, 0x318F), ("ko", 0xAC00, 0xD7AF),
        ("Han", 0x3400, 0x4DBF), ("Han", 0x4E00, 0x9FFF), ("Latin", 'A', 'Z'), ("Latin", 'a', 'z'), ("Latin", 0xC0, 0x24F),
        ("Latin", 0x1E00, 0x1EFF), ("Cyrillic", 0x400, 0x4FF), ("Arabic", 0x600, 0x6FF), ("Devanagari", 0x900, 0x97F),
    ];

    // Common words of each language, and letters that make a word one of it; what several languages share counts a part in each.
    private static readonly (string Script, string Language, string Letters, string Words)[] s_languages =
    [
        ("Latin", "en", "",
            "the of and to in is that it was for on are as with his they at be this have from or had by but not what all were we "
            + "when your can said there an each which she do how their if will up about out them then many some so would make like "
            + "into has two more could been who its now my than did may you i am he her our me us no just where here these those "
            + "let's don't i'm"),
        ("Latin", "es", "ñ¿¡",
            "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ya este sí porque esta "
            + "son entre está cuando muy sin sobre ser también me hasta hay donde han quien desde todo nos durante"),
        ("Latin", "pt", "ãõêç",
            "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das à seu sua ou ser "
            + "quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos você são"),
        ("Latin", "fr", "œëèêç",
            "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec son ou mais comme "
            + "on aux d'un d'une c'est nous vous cette ses elle je tu leur été être fait à où deux même"),
        ("Latin", "de", "ßäöü",
            "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie "
            + "nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur ich wir"),
        ("Latin", "it", "",
            "di e il la che è in un a per una non sono del le si con i da al dei come più o nel della alla lo gli ma se anche delle "
            + "ha questo questa nella su essere dal tra ed ci quando molto perché io mi"),
        ("Latin", "pl", "łśżźęąćń",
            "w i na z do nie się że to jest o jak od po a za przez dla ale czy tym tego są lub było co jego jej już"),
        ("Latin", "vi", "ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
            "và là của có không các một cho trong được những này"),
        ("Latin", "sw", "",
            "na ya wa kwa ni za katika la cha kuwa hii hiyo ili kama lakini au pia yake yao wake sana hapa kila moja huu sisi mimi "
            + "wewe yeye vya watu zaidi baada kwamba bila siku hakuna yangu wangu wako yako mtu kutoka kuhusu"),
        ("Latin", "fi", "äö",
            "ja on ei se että oli joka hän mutta ovat niin kuin myös sen ole mukaan jos kun voi sekä tai vain jotka hänen minä sinä "
            + "me ne tämä mitä olen kanssa"),
        ("Latin", "nl", "",
            "de het een en van in is dat op te zijn met voor niet aan er om ook als maar bij of uit nog naar door hij ze wordt ik "
            + "je wij deze dit heeft kan"),
        ("Latin", "sv", "åäö",
            "och att det i en på är som för med av den till inte ett om har de jag var men från vi kan så när man"),
        ("Latin", "da", "æøå",
            "og at det i en på er som for med af den til ikke et om har de jeg var men fra vi kan så når man"),
        ("Latin", "ro", "țșă",
            "și de în la a cu nu o pe un este din că sunt pentru se mai fost care sau ale lui"),
        ("Latin", "tr", "ığşöüç",
            "ve bir bu da de için ile çok ne o ama gibi daha olarak var kadar sonra her en"),
        ("Latin", "id", "",
            "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga ke ada adalah saya kami kita mereka bisa atau"),
        ("Latin", "tl", "",
            "ang ng sa na mga ay at si ito ko mo niya hindi para may kung ako siya kami tayo"),
        ("Latin", "cs", "řěů",
            "a je v na se že to s z do o i jako za od ale po který pro byl by nebo"),
        ("Latin", "hu", "őűöü",
            "a az és hogy nem is egy ez de meg van volt csak ha még már mint el"),
        ("Cyrillic", "ru", "ыэё",
            "и в не на я что он с как это по но из у за от так для же мы вы она они бы все был к до"),
        ("Cyrillic", "uk", "іїєґ",
            "і в не на я що він з як це по але із у за від так для ж ми ви вона вони та до є"),
        ("Cyrillic", "bg", "",
            "и в не на аз че той с как това по но от за да се е са като ще ли към при най които който тази"),
        ("Cyrillic", "mk", "ѓќѕљњџј",
            "и во не на јас дека тој со како ова по но од за да се е сум ќе"),
        ("Arabic", "ar", "ةىإأؤ",
            "في من على إلى أن هذا هذه التي الذي كان مع عن ما لا هو هي أو و ثم كل بين ذلك"),
        ("Arabic", "fa", "چژپک",
            "و در به از که این را با است برای آن یک می تا هم بر ما شما من خود هر های شود کرد"),
        ("Arabic", "ur", "ٹڈڑںےہھ",
            "کے میں کی ہے اور سے کا کو نے پر ہیں یہ اس کہ بھی نہیں ایک تھا وہ لیے"),
        ("Devanagari", "hi", "",
            "है के में की और से का को हैं पर यह ने कि एक भी नहीं इस ही कर था जो वह हो लिए तो मैं अपने आप हम करने रहे या"),
        ("Devanagari", "mr", "ळ",
            "आहे आणि या हे च्या आहेत ते तो मी की नाही होते होता एक साठी करण्यासाठी आपल्या असे हा ही त्या काही पण मध्ये"),
        ("Devanagari", "ne", "",
            "छ र को मा हो छन् लागि यो पनि गर्न भएको थियो एक हुन् त म तर गर्ने यस हामी तपाईं हुन्छ"),
    ];

    private static readonly Dictionary<string, string[]> s_words = s_languages
        .SelectMany(entry => entry.Words.Split(' ').Distinct().Select(word => (Word: word, entry.Language)))
        .GroupBy(pair => pair.Word, pair => pair.Language).ToDictionary(same => same.Key, same => same.ToArray());

    private static readonly Dictionary<char, string[]> s_letters = s_languages
        .SelectMany(entry => entry.Letters.Select(letter => (Letter: letter, entry.Language)))
        .GroupBy(pair => pair.Letter, pair => pair.Language).ToDictionary(same => same.Key, same => same.ToArray());

    private static readonly Regex s_address = PythonRegex.Of(@"https?://[\w\-.~:/?#\[\]@!$&'()*+,;=%]+|[\w\-.+]+@[\w\-.]+\.\w+");

    /// <summary>All languages that are known, by their codes of ISO 639-1.</summary>
    public static IReadOnlySet<string> Known { get; } = s_languages.Select(entry => entry.Language)
        .Concat(s_scripts.Select(entry => entry.Language).Where(code => code.Length == 2)).Append("zh").ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether a text is in a language: it is found to be, or there are no letters to tell by.</summary>
    public static bool IsIn(string text, string language) => Of(text) is not { } found || found == language;

    /// <summary>The language of a text; empty where no common word gives it away, null of a text without letters.</summary>
    public static string? Of(string text)
    {
        var lower = PythonLetters.Lower(s_address.Replace(text, " ")).Normalize(NormalizationForm.FormC);
        var counts = lower.EnumerateRunes().Select(Script).OfType<string>().CountBy(script => script).ToDictionary();
        if (counts.Count == 0)
            return lower.Any(char.IsLetter) ? "" : null;
        // As langdetect leaves Latin letters out where there are twice as many others.
        if (counts.GetValueOrDefault("Latin") * 2 < counts.Values.Sum() - counts.GetValueOrDefault("Latin"))
            counts.Remove("Latin");
        // Japanese is written with Han signs for the most part, and no Chinese has kana.
        if (counts.ContainsKey("ja") && counts.Remove("Han", out var han))
            counts["ja"] += han;
        var script = counts.MaxBy(pair => pair.Value).Key;
        return script == "Han" ? "zh" : script.Length == 2 ? script : ByWords(lower, script);
    }

    private static string ByWords(string lower, string script)
    {
        var scores = s_languages.Where(entry => entry.Script == script).ToDictionary(entry => entry.Language, _ => 0.0);
        foreach (var word in lower.Replace('’', '\'').Split((char[])[.. " \t\r\n.,;:!?\"()[]{}<>*_#|/\\-–—…“”„«»،؛؟।0123456789"],
            StringSplitOptions.RemoveEmptyEntries))
        {
            Add(s_words.GetValueOrDefault(word.Trim('\'')), scores);
            foreach (var letter in word.Distinct())
                Add(s_letters.GetValueOrDefault(letter), scores);
        }
        var best = scores.MaxBy(pair => pair.Value);
        return best.Value > 0 ? best.Key : "";
    }

    private static void Add(string[]? languages, Dictionary<string, double> scores)
    {
        foreach (var language in languages ?? [])
        {
            if (scores.ContainsKey(language))
                scores[language] += 1.0 / languages!.Length;
        }
    }

    private static string? Script(Rune rune)
    {
        var found = Array.FindIndex(s_scripts, script => rune.Value >= script.First && rune.Value <= script.Last);
        return found >= 0 ? s_scripts[found].Language : null;
    }
}
