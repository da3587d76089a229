using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>The methods of Python's <c>str</c>.</summary>
internal static class StringMethods
{
    private delegate object? Method(string text, Arguments arguments, Budget budget);

    private static readonly Dictionary<string, Method> s_methods = new()
    {
        ["upper"] = Simple(PythonCase.Upper, 3),
        ["lower"] = Simple(PythonCase.Lower, 3),
        ["casefold"] = Simple(static text => PythonCase.Lower(text).Replace("ß", "ss", StringComparison.Ordinal)
            .Replace('\u03C2', '\u03C3'), 3),
        ["capitalize"] = Simple(PythonCase.Capitalize, 3),
        ["title"] = Simple(PythonCase.TitleWords, 3),
        ["swapcase"] = Simple(PythonCase.Swap, 3),
        ["strip"] = (text, arguments, budget) => Strip("strip", text, arguments, budget, true, true),
        ["lstrip"] = (text, arguments, budget) => Strip("lstrip", text, arguments, budget, true, false),
        ["rstrip"] = (text, arguments, budget) => Strip("rstrip", text, arguments, budget, false, true),
        ["split"] = (text, arguments, budget) => StringSplits.Split(text, arguments.Bind("split", 0, "sep", "maxsplit"), budget),
        ["rsplit"] = (text, arguments, budget) => StringSplits.SplitRight(text, arguments.Bind("rsplit", 0, "sep", "maxsplit"), budget),
        ["splitlines"] = (text, arguments, budget) =>
            StringSplits.Lines(text, arguments.Bind("splitlines", 0, "keepends").Truth(0), budget),
        ["partition"] = (text, arguments, budget) =>
            StringSplits.Partition(text, arguments.Bind("partition", 1, "sep").Text(0), false, budget),
        ["rpartition"] = (text, arguments, budget) =>
            StringSplits.Partition(text, arguments.Bind("rpartition", 1, "sep").Text(0), true, budget),
        ["join"] = static (text, arguments, budget) => Join(text, arguments.Bind("join", 1, "iterable")[0], budget),
        ["replace"] = static (text, arguments, budget) =>
        {
            var given = arguments.Bind("replace", 2, "old", "new", "count");
            return Replace(text, given.Text(0), given.Text(1), given.Integer(2, -1), budget);
        },
        ["startswith"] = static (text, arguments, budget) =>
            IsAt(text, arguments.Bind("startswith", 1, "prefix", "start", "end"), true, budget),
        ["endswith"] = static (text, arguments, budget) =>
            IsAt(text, arguments.Bind("endswith", 1, "suffix", "start", "end"), false, budget),
        ["find"] = (text, arguments, budget) => Find(text, arguments.Bind("find", 1, "sub", "start", "end"), false, budget),
        ["rfind"] = (text, arguments, budget) => Find(text, arguments.Bind("rfind", 1, "sub", "start", "end"), true, budget),
        ["index"] = (text, arguments, budget) => Index(text, arguments.Bind("index", 1, "sub", "start", "end"), false, budget),
        ["rindex"] = (text, arguments, budget) => Index(text, arguments.Bind("rindex", 1, "sub", "start", "end"), true, budget),
        ["count"] = static (text, arguments, budget) => Count(text, arguments.Bind("count", 1, "sub", "start", "end"), budget),
        ["removeprefix"] = static (text, arguments, _) =>
            arguments.Bind("removeprefix", 1, "prefix").Text(0) is var part && text.StartsWith(part, StringComparison.Ordinal)
                ? text[part.Length..] : text,
        ["removesuffix"] = static (text, arguments, _) => arguments.Bind("removesuffix", 1, "suffix").Text(0) is var part
            && part.Length > 0 && text.EndsWith(part, StringComparison.Ordinal) ? text[..^part.Length] : text,
        ["center"] = (text, arguments, budget) => Pad("center", text, arguments, budget),
        ["ljust"] = (text, arguments, budget) => Pad("ljust", text, arguments, budget),
        ["rjust"] = (text, arguments, budget) => Pad("rjust", text, arguments, budget),
        ["zfill"] = static (text, arguments, budget) =>
        {
            var lack = arguments.Bind("zfill", 1, "width").Integer(0) - CodePoints.Count(text);
            budget.Characters(text.Length + Math.Max(0, lack));
            var sign = text.StartsWith('+') || text.StartsWith('-') ? text[..1] : "";
            return sign + new string('0', (int)Math.Max(0, lack)) + text[sign.Length..];
        },
        ["expandtabs"] = static (text, arguments, budget) =>
            ExpandTabs(text, arguments.Bind("expandtabs", 0, "tabsize").Integer(0, 8), budget),
        ["format"] = static (text, arguments, budget) => new FormatMethod(arguments, budget).Fill(text),
        ["format_map"] = static (text, arguments, budget) => arguments.Bind("format_map", 1, "mapping")[0] is PythonDict dict
            ? new FormatMethod(new([], [.. dict.Items.Where(static item => item.Key is string)
                .Select(static item => ((string)item.Key!, item.Value))]), budget).Fill(text)
            : throw new TemplateFault("format_map() takes a dict"),
        ["isalpha"] = All(static rune => Rune.IsLetter(rune)),
        ["isalnum"] = All(static rune => Rune.IsLetter(rune) || IsNumeric(rune)),
        ["isdecimal"] = All(static rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber),
        ["isdigit"] = All(IsDigit),
        ["isnumeric"] = All(IsNumeric),
        ["isspace"] = All(static rune => rune.IsBmp && CodePoints.IsSpace((char)rune.Value)),
        ["isascii"] = static (text, arguments, _) => arguments.Bind("isascii", 0) is not null && Ascii.IsValid(text),
        ["isprintable"] = static (text, arguments, _) =>
            arguments.Bind("isprintable", 0) is not null && text.EnumerateRunes().All(CodePoints.IsPrintable),
        ["isidentifier"] = static (text, arguments, _) => arguments.Bind("isidentifier", 0) is not null && IsIdentifier(text),
        ["isupper"] = static (text, arguments, _) => arguments.Bind("isupper", 0) is not null && PythonCase.IsAll(text, true),
        ["islower"] = static (text, arguments, _) => arguments.Bind("islower", 0) is not null && PythonCase.IsAll(text, false),
        ["istitle"] = static (text, arguments, _) => arguments.Bind("istitle", 0) is not null && PythonCase.IsTitle(text),
    };

    /// <summary>A method of a text; null where there is none of that name.</summary>
    public static Callable? Find(string text, string name) => !s_methods.TryGetValue(name, out var method) ? null
        : new Builtin(name, (arguments, budget) =>
        {
            budget.Step(1 + text.Length / 64);
            return method(text, arguments, budget);
        });

    /// <summary><c>text.replace(old, new, count)</c>.</summary>
    public static string Replace(string text, string old, string by, long count, Budget budget)
    {
        if (count == 0 || old.Length > 0 && TextSearch.First(text, old) < 0)
            return text;
        var places = old.Length == 0 ? CodePoints.Boundaries(text) : [.. TextSearch.Apart(text, old)];
        var taken = count < 0 ? places.Length : (int)Math.Min(count, places.Length);
        budget.Characters(text.Length + (long)taken * Math.Max(0, by.Length - old.Length));
        var (written, from) = (new StringBuilder(), 0);
        foreach (var at in places.AsSpan(0, taken))
        {
            written.Append(text, from, at - from).Append(by);
            from = at + old.Length;
        }
        return written.Append(text, from, text.Length - from).ToString();
    }

    /// <summary><c>text.join(items)</c>.</summary>
    public static string Join(string text, object? items, Budget budget)
    {
        var written = new StringBuilder();
        var isFirst = true;
        foreach (var item in PythonSequences.RequireEntries(items, budget))
        {
            var part = PythonValues.RequireText(item, "an entry of join()");
            budget.Characters(part.Length + (isFirst ? 0L : text.Length));
            written.Append(isFirst ? "" : text).Append(part);
            isFirst = false;
        }
        return written.ToString();
    }

    /// <summary>Whether a text is a name as Python has them.</summary>
    public static bool IsIdentifier(string text) => text.Length > 0
        && text.EnumerateRunes().Select(static (rune, at) => rune.Value == '_' || Rune.IsLetter(rune)
            || Rune.GetUnicodeCategory(rune) == UnicodeCategory.LetterNumber
            || at > 0 && Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation).All(static isPart => isPart);

    private static bool IsDigit(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber
        || rune.IsBmp && CharUnicodeInfo.GetDigitValue((char)rune.Value) >= 0;

    private static bool IsNumeric(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber
        or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static Method Simple(Func<string, string> map, int growth) => (text, arguments, budget) =>
    {
        arguments.Bind("a method of str", 0);
        budget.Characters(text.Length * (long)growth);
        return map(text);
    };

    private static Method All(Predicate<Rune> isWanted) => (text, arguments, _) =>
        arguments.Bind("a method of str", 0) is not null && text.Length > 0 && text.EnumerateRunes().All(rune => isWanted(rune));

    private static string Strip(string name, string text, Arguments arguments, Budget budget, bool left, bool right)
    {
        var given = arguments.Bind(name, 0, "chars");
        budget.Characters(text.Length);
        return CodePoints.Strip(text, given[0] is null ? null : given.Text(0), left, right);
    }

    /// <summary>The part of a text that start and end leave, and where it starts; null where start is beyond the end.</summary>
    private static (string Part, int Start)? Window(string text, Bound given)
    {
        if (given[1] is null && given[2] is null)
            return (text, 0);
        var starts = CodePoints.Boundaries(text);
        var length = starts.Length - 1;
        long Place(int index, long fallback) =>
            given[index] is null ? fallback : given.Integer(index) is var at && at < 0 ? Math.Max(0, at + length) : at;
        var (start, end) = (Place(1, 0), Math.Min(length, Place(2, length)));
        return start > end || start > length ? null : (text[starts[start]..starts[end]], starts[start]);
    }

    private static bool IsAt(string text, Bound given, bool isStart, Budget budget)
    {
        if (Window(text, given) is not var (part, _))
            return false;
        var wanted = given[0] is PythonTuple several ? several.Items : [given[0]];
        budget.Step(wanted.Count * (1L + part.Length / 64));
        return wanted.Any(item => PythonValues.RequireText(item, "what startswith() or endswith() looks for") is var end
            && (isStart ? part.StartsWith(end, StringComparison.Ordinal) : part.EndsWith(end, StringComparison.Ordinal)));
    }

    private static long Find(string text, Bound given, bool isLast, Budget budget)
    {
        budget.Step(text.Length / 64);
        if (Window(text, given) is not var (part, start))
            return -1;
        var at = isLast ? TextSearch.Last(part, given.Text(0), part.Length) : TextSearch.First(part, given.Text(0));
        return at < 0 ? -1 : CodePoints.Before(text, start + at);
    }

    private static long Index(string text, Bound given, bool isLast, Budget budget) => Find(text, given, isLast, budget) is >= 0 and var at
        ? at : throw new TemplateFault("index() did not find its text");

    private static long Count(string text, Bound given, Budget budget)
    {
        budget.Step(text.Length / 64);
        if (Window(text, given) is not var (part, _))
            return 0;
        return given.Text(0) is { Length: > 0 } wanted ? TextSearch.Apart(part, wanted).Count() : CodePoints.Count(part) + 1;
    }

    private static string Pad(string name, string text, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind(name, 1, "width", "fillchar");
        var fill = given.Text(1, " ");
        if (CodePoints.Count(fill) != 1)
            throw new TemplateFault($"{name}() fills with one character");
        var width = given.Integer(0);
        var lack = Math.Max(0, width - CodePoints.Count(text));
        budget.Characters(text.Length + (lack > int.MaxValue ? lack : lack * fill.Length));
        // Python puts the odd one left where the width is odd.
        var left = name == "ljust" ? 0 : name == "rjust" ? lack : lack / 2 + (lack & width & 1);
        string Filled(long count) => string.Concat(Enumerable.Repeat(fill, (int)count));
        return Filled(left) + text + Filled(lack - left);
    }

    private static string ExpandTabs(string text, long size, Budget budget)
    {
        var (written, column) = (new StringBuilder(), 0L);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == '\t')
            {
                var lack = size <= 0 ? 0 : size - column % size;
                budget.Characters(lack);
                written.Append(' ', (int)lack);
                column += lack;
                continue;
            }
            budget.Characters(1);
            written.Append(rune);
            column = rune.Value is '\n' or '\r' ? 0 : column + 1;
        }
        return written.ToString();
    }
}
