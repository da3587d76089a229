using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>
/// Sentences as Punkt finds them (Kiss and Strunk 2006, Computational Linguistics 32(4); nltk.tokenize.punkt with its English model): after
/// ., ? and !, but not after an abbreviation or an ellipsis unless a word comes that begins sentences, and not after an initial before a
/// name. What differs: Punkt's model also knows of some 20,000 words of a newspaper in which case they stood; here a few words that begin
/// sentences, or are written small elsewhere, stand for them. That decides only where an ellipsis, an abbreviation or an initial comes
/// before a capital.
/// </summary>
internal static class Sentences
{
    // The words that end in a point without ending a sentence: what Punkt's English model knows, less some names of 1989. It does not know
    // e.g., i.e., etc. and No.: a sentence ends after them there, and so it does here.
    private static readonly HashSet<string> s_abbreviations = Words(
        "mr mrs ms messrs dr prof st jr sr ph.d m.b.a gen col lt maj adm sen rep reps inc ltd co cos corp bros cie ave ft yr vs "
        + "chg ct jan feb aug sep sept oct nov dec tues wed fri a.m p.m a.d u.s u.s.a u.k u.n u.s.s.r d.c l.a n.y n.j n.c n.d n.h "
        + "n.m s.c r.i w.va ala ariz calif colo conn fla ga ill kan ky mich minn nev okla ore pa tenn va vt wash wis ok sw c d e "
        + "f g h k l m n p r s t v w a.a a.c a.g a.h a.s a.t b.f b.v c.v d.h d.w e.f e.h e.l e.m f.g f.j g.d g.f g.k h.c h.f h.m "
        + "j.b j.c j.j j.k j.p j.r l.f l.p m.j n.v r.a r.h r.j r.k r.t s.a s.g s.s t.j w.c w.r w.w s.p.a");

    // Words that begin sentences so often that one does after an abbreviation or an ellipsis before them.
    private static readonly HashSet<string> s_starters = Words(
        "he it they i the this these there both some many most so since though although despite when while if in under among even yet but "
        + "nor thus however instead indeed moreover meanwhile nevertheless nonetheless similarly according");

    // Words that are written small elsewhere: with a capital after an initial they begin a sentence, where a name would not.
    private static readonly HashSet<string> s_small =
    [
        .. s_starters, .. Words(
            "a an and or as at by for from of on to with into over about after again against before between during through until "
            + "within without we you she my our your his her its their that those what who how why where which whose whom anyone "
            + "everyone someone nobody nothing something everything one two three four five six ten hundred first second third next "
            + "last finally once twice then now here today tomorrow yesterday tonight soon later always never often sometimes usually "
            + "perhaps maybe surely certainly really only just also too still not no yes all any each every other another few several "
            + "such same different more less much enough good great best better bad new old young big small large long short high low "
            + "early late free full open ready sure true happy sorry dear welcome please thanks thank is are was were be been being "
            + "do does did have has had will would can could should may might must shall let add allow answer apply ask avoid become "
            + "begin believe bring build buy call change check choose click close come consider continue cook create cut discover "
            + "drink drive eat enjoy ensure enter explain explore feel fill find follow forget get give go grow happen help hold hope "
            + "imagine include join keep know learn leave like listen live look love make meet mix move need offer order pay pick "
            + "place play prepare provide pull push put read receive remember remove repeat replace return run save say see sell send "
            + "serve set share show sit sleep speak spend stand start stay stop study take talk teach tell think travel try turn "
            + "understand use visit wait walk want watch wear work write yours because people person man woman child children friend "
            + "family time day week month year morning night life world way thing things part home house school money food water book "
            + "story question example reason result number name word line list note step steps section title text message letter "
            + "point points option total either neither"),
    ];

    private const string Runs = @"(?:\-{2,}|\.{2,}|(?:\.\s){2,}\.)", Marks = @"[?!)"";}\]*:@'({\[]";

    private static readonly Regex s_token = PythonRegex.Of(
        $@"{Runs}|(?=[^(""`{{\[:;&#*@)}}\]\-,])\S+?(?=\s|$|{Marks}|{Runs}|,(?=$|\s|{Marks}|{Runs}))|\S");

    private static readonly Regex s_number = PythonRegex.Of(@"^-?[.,]?\d[\d,.\-]*\.?$");
    private static readonly Regex s_initial = PythonRegex.Of(@"^[^\W\d]\.$");
    private static readonly Regex s_closing = PythonRegex.Of(@"\G[""')\]}]+?(?:\s+|(?=--)|$)", RegexOptions.Multiline);

    /// <summary>The sentences, without the white space between them.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        var (sentences, moved) = (new List<string>(), 0);
        var slices = Slices(text).ToArray();
        for (var i = 0; i < slices.Length; i++)
        {
            var (start, end) = (slices[i].Start + moved, slices[i].End);
            moved = 0;
            // Quotation marks and brackets that close go with the sentence before them.
            if (i + 1 < slices.Length && s_closing.Match(text, slices[i + 1].Start, slices[i + 1].End - slices[i + 1].Start) is
                { Success: true } closing)
                (end, moved) = (slices[i + 1].Start + PythonText.StripEnd(closing.Value).Length, closing.Length);
            if (end > start)
                sentences.Add(text[start..end]);
        }
        return sentences;
    }

    // Where a word with ., ? or ! is followed by a mark or another word, both are looked at. In one word the last such place counts.
    private static IEnumerable<(int Start, int End)> Slices(string text)
    {
        var (start, at) = (0, 0);
        while (Run(text, at) is { Length: > 0 } word)
        {
            at = word.End;
            var next = Run(text, word.End);
            for (var end = word.End; end > word.Start; end--)
            {
                if (text[end - 1] is not ('.' or '?' or '!') || !(end < word.End ? Marks.Contains(text[end]) : next.Length > 0))
                    continue;
                if (IsEnd(text[word.Start..(end < word.End ? end + 1 : next.End)]))
                {
                    yield return (start, end);
                    start = end < word.End ? end : next.Start;
                }
                break;
            }
        }
        yield return (start, Math.Max(start, PythonText.StripEnd(text).Length));
    }

    private static (int Start, int End, int Length) Run(string text, int from)
    {
        var start = from;
        while (start < text.Length && PythonLetters.IsWhite(text[start]))
            start++;
        var end = start;
        while (end < text.Length && !PythonLetters.IsWhite(text[end]))
            end++;
        return (start, end, end - start);
    }

    // Whether a sentence ends before the last token.
    private static bool IsEnd(string context)
    {
        string[] tokens = [.. context.Split('\n').Where(line => PythonText.Strip(line).Length > 0)
            .SelectMany(line => s_token.Matches(line).Select(match => match.Value))];
        for (var i = 0; i + 1 < tokens.Length; i++)
        {
            if (EndsSentence(tokens[i], tokens[i + 1]))
                return true;
        }
        return false;
    }

    private static bool EndsSentence(string token, string next)
    {
        if (token is "?" or "!")
            return true;
        if (!token.EndsWith('.'))
            return false;
        var type = PythonLetters.Lower(token)[..^1];
        var isEllipsis = token.Length > 1 && token.All(c => c == '.' || PythonLetters.IsWhite(c));
        var isAbbreviation = s_abbreviations.Contains(type) || s_abbreviations.Contains(type.Split('-')[^1]);
        var isInitial = s_initial.IsMatch(token);
        var ends = !isEllipsis && !isAbbreviation;
        var nextType = PythonLetters.Lower(next).TrimEnd('.');
        var isCapital = char.IsUpper(next[0]);
        var isSmall = next is [';' or ':' or ',' or '.' or '!' or '?'] || char.IsLower(next[0]);
        if ((isEllipsis || isAbbreviation) && !isInitial && isCapital && s_starters.Contains(nextType))
            return true;
        if ((isInitial || s_number.IsMatch(token)) && isSmall)
            return false;
        return ends && !(isInitial && isCapital && !s_small.Contains(nextType));
    }

    private static HashSet<string> Words(string words) => [.. words.Split(' ')];
}
