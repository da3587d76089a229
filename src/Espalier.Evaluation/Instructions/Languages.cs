using System.Text;
using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks.Templates;

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
            + "son entre está cuando muy sin sobre ser también me hasta hay donde han quien desde todo nos durante qué quién cuál "
            + "dónde cómo él ella ellos nosotros mi tu tus mis nuestra nuestro ese esa eso esos estas estos tan aquí ahora siempre "
            + "nunca cada mientras aunque fue era tiene hacer puede"),
        ("Latin", "pt", "ãõêç",
            "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das à seu sua ou ser "
            + "quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos você são num numa nas "
            + "pelos pelas eles elas nosso nossa meu minha seus suas esse essa este esta isto aqui agora sempre nunca cada onde quem "
            + "qual foram tem ter fazer pode às aquele lhe"),
        ("Latin", "fr", "œëèêç",
            "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec son ou mais comme "
            + "on aux d'un d'une c'est nous vous cette ses elle je tu leur été être fait à où deux même ces cet leurs notre nos votre "
            + "vos mon ma mes ton ta tes lui y si donc car ni quand alors très bien aussi toujours jamais chaque sous entre vers chez "
            + "dont quel quelle n'est qu'il qu'elle j'ai l'on étaient"),
        ("Latin", "de", "ßäöü",
            "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie "
            + "nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur ich wir ihr ihre ihren "
            + "sein seine mein meine dein deine unser unsere euch uns mich dich mir dir diese dieser dieses jeder jede alle alles "
            + "immer nie hier da dort jetzt dann weil wenn was wer wo kann können muss müssen sollte würde bin bist hatte durch gegen "
            + "ohne unter zwischen sehr mehr schon beim vom ins"),
        ("Latin", "it", "",
            "di e il la che è in un a per una non sono del le si con i da al dei come più o nel della alla lo gli ma se anche delle "
            + "ha questo questa nella su essere dal tra ed ci quando molto perché io mi degli dai dalle dagli nei negli nelle nello "
            + "sul sulla sulle sui ai agli alle allo col fra ogni quel quella quello sempre ancora già così poi dove chi cosa "
            + "tutto tutti mio tuo suo sua tua mia loro noi voi lei lui tu ho hai sei siamo"),
        ("Latin", "pl", "łśżźęąćń",
            "w i na z do nie się że to jest o jak od po a za przez dla ale czy tym tego są lub było co jego jej już mi mnie ty ja "
            + "my wy oni ona ono który która które kiedy gdzie bardzo tylko jeszcze może być był była nas was ich przed pod nad więc"),
        ("Latin", "vi", "ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
            "và là của có không các một cho trong được những này"),
        ("Latin", "sw", "",
            "na ya wa kwa ni za katika la cha kuwa hii hiyo ili kama lakini au pia yake yao wake sana hapa kila moja huu sisi mimi "
            + "wewe yeye vya watu zaidi baada kwamba bila siku hakuna yangu wangu wako yako mtu kutoka kuhusu ambayo ambao hivyo mara "
            + "kuna nini nani wapi vipi kwenye hadi ndani nje juu chini sasa leo kesho asubuhi"),
        ("Latin", "fi", "äö",
            "ja on ei se että oli joka hän mutta ovat niin kuin myös sen ole mukaan jos kun voi sekä tai vain jotka hänen minä sinä "
            + "me ne tämä mitä olen kanssa olet olemme olisi minun sinun meidän heidän tämän näin nyt aina kaikki kuten koska kuinka "
            + "miten missä milloin siellä täällä hyvin paljon enemmän voit voimme täytyy"),
        ("Latin", "nl", "",
            "de het een en van in is dat op te zijn met voor niet aan er om ook als maar bij of uit nog naar door hij ze wordt ik "
            + "je wij deze dit heeft kan mijn jouw haar ons hun geen waar wie hoe waarom altijd nooit hier daar nu dan omdat want "
            + "moet kunnen worden werd waren"),
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
            "и в не на я что он с как это по но из у за от так для же мы вы она они бы все был к до вас нас их ему ей меня тебя его "
            + "её этот эта эти который которая когда где если только уже ещё очень может быть или чтобы есть нет"),
        ("Cyrillic", "uk", "іїєґ",
            "і в не на я що він з як це по але із у за від так для ж ми ви вона вони та до є вас нас їх йому їй мене тебе його її "
            + "цей ця ці який яка коли де якщо тільки вже ще дуже може бути або щоб немає"),
        ("Cyrillic", "bg", "",
            "и в не на аз че той с как това по но от за да се е са като ще ли към при най които който тази си ми му ѝ им ви ги го я "
            + "ме те сме сте съм беше бяха има няма може трябва когато където защото само още вече много всички"),
        ("Cyrillic", "mk", "ѓќѕљњџј",
            "и во не на јас дека тој со како ова по но од за да се е сум ќе"),
        ("Arabic", "ar", "ةىإأؤ",
            "في من على إلى أن هذا هذه التي الذي كان مع عن ما لا هو هي أو و ثم كل بين ذلك أنا نحن أنت هم كانت ليس قد لقد حيث إن لكن "
            + "عند بعد قبل حتى كما أي هناك لم لن يكون تم يمكن"),
        ("Arabic", "fa", "چژپک",
            "و در به از که این را با است برای آن یک می تا هم بر ما شما من خود هر های شود کرد بود باشد هستند دارد دارند کند کنید شده "
            + "می‌شود نیز اما اگر چه چون همه آنها وی او باید توان"),
        ("Arabic", "ur", "ٹڈڑںےہھ",
            "کے میں کی ہے اور سے کا کو نے پر ہیں یہ اس کہ بھی نہیں ایک تھا وہ لیے ہوں ہو گا گی گے تھی تھے میرے میری آپ ہم ان اپنے "
            + "کیا کر رہا رہی رہے تو جو بہت لئے"),
        ("Devanagari", "hi", "",
            "है के में की और से का को हैं पर यह ने कि एक भी नहीं इस ही कर था जो वह हो लिए तो मैं अपने आप हम करने रहे या मेरे मेरा "
            + "मेरी हमारे हमारी उसके उनके इसके किया जा जाता होता होती गया दिया सकते सकता क्या क्यों कैसे जब तब तक साथ बहुत"),
        ("Devanagari", "mr", "ळ",
            "आहे आणि या हे च्या आहेत ते तो मी की नाही होते होता एक साठी करण्यासाठी आपल्या असे हा ही त्या काही पण मध्ये आम्ही तुम्ही "
            + "आपण मला तुला त्याला माझे माझ्या तुमच्या त्यांच्या किंवा म्हणून म्हणजे केले करा करणे असतो असते असेल होऊ येथे जर तर खूप"),
        ("Devanagari", "ne", "",
            "छ र को मा हो छन् लागि यो पनि गर्न भएको थियो एक हुन् त म तर गर्ने यस हामी तपाईं हुन्छ गर्नुहोस् जानुहोस् पुग्नुहोस् "
            + "हुनेछ गर्छ गर्दै गरेर छैन थिए भने लाई बाट सँग मेरो हाम्रो तपाईंको धेरै राम्रो पछि"),
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
