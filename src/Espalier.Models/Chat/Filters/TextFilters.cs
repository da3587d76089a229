using System.Text;
using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Filters;

/// <summary>The filters that make a text.</summary>
internal static class TextFilters
{
    /// <summary>A filter that maps a text and takes no arguments.</summary>
    public static Filter Cased(Func<string, string> map) => (value, arguments, budget) =>
    {
        arguments.Bind("a filter of texts", 0);
        var text = PythonText.Str(value, budget);
        budget.Characters(text.Length * 3L);
        budget.Step(text.Length / 64);
        return Like(value, map(text));
    };

    /// <summary><c>trim(chars)</c>.</summary>
    public static object? Trim(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("trim", 0, "chars");
        var text = PythonText.Str(value, budget);
        budget.Characters(text.Length);
        return Like(value, CodePoints.Strip(text, given[0] is null ? null : given.Text(0)));
    }

    /// <summary>The title of jinja2: a letter after white space, a hyphen or a bracket is large, the others small.</summary>
    public static string Title(string text)
    {
        var (written, from) = (new StringBuilder(), 0);
        static bool IsBreak(char c) => c is '-' or '(' or '{' or '[' or '<' || CodePoints.IsSpace(c);
        for (var at = 0; at < text.Length; from = at)
        {
            var isBreak = IsBreak(text[at]);
            while (at < text.Length && IsBreak(text[at]) == isBreak)
                at++;
            var first = Rune.GetRuneAt(text, from).Utf16SequenceLength;
            written.Append(PythonCase.Upper(text[from..(from + first)])).Append(PythonCase.Lower(text[(from + first)..at]));
        }
        return written.ToString();
    }

    /// <summary><c>replace(old, new, count)</c>.</summary>
    public static object? Replace(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("replace", 2, "old", "new", "count");
        return StringMethods.Replace(PythonText.Str(value, budget), PythonText.Str(given[0], budget), PythonText.Str(given[1], budget),
            given[2] is null ? -1 : given.Integer(2), budget);
    }

    /// <summary><c>indent(width=4, first=False, blank=False)</c>.</summary>
    public static object? Indent(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("indent", 0, "width", "first", "blank");
        var text = PythonValues.RequireText(value, "what indent() gets");
        var width = given.Has(0) && PythonValues.TextOf(given[0]) is null ? given.Integer(0) : 4;
        if (width > 0)
            budget.Characters(width);
        var indention = PythonValues.TextOf(given[0]) ?? new string(' ', (int)Math.Max(0, width));
        var lines = StringSplits.Lines(text + "\n", false, budget);
        var written = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            var line = (string)lines[i]!;
            var isIndented = i == 0 ? given.Truth(1) : line.Length > 0 || given.Truth(2);
            budget.Characters(1 + line.Length + (isIndented ? indention.Length : 0L));
            written.Append(i == 0 ? "" : "\n").Append(isIndented ? indention : "").Append(line);
        }
        return Like(value, written.ToString());
    }

    /// <summary><c>join(d='', attribute=None)</c>.</summary>
    public static object? Join(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("join", 0, "d", "attribute");
        var entries = PythonSequences.RequireEntries(value, budget);
        if (given[1] is { } attribute)
            entries = entries.Select(AttributePath.Getter(attribute, budget));
        var separator = PythonText.Str(given.Or(0, ""), budget);
        var (written, isFirst) = (new StringBuilder(), true);
        foreach (var entry in entries)
        {
            var text = PythonText.Str(entry, budget);
            budget.Characters(text.Length + (isFirst ? 0L : separator.Length));
            written.Append(isFirst ? "" : separator).Append(text);
            isFirst = false;
        }
        return written.ToString();
    }

    /// <summary><c>center(width=80)</c>.</summary>
    public static object? Center(object? value, Arguments arguments, Budget budget) =>
        Like(value, (string)StringMethods.Find(PythonText.Str(value, budget), "center")!
            .Call(new([arguments.Bind("center", 0, "width").Integer(0, 80)], []), budget)!);

    /// <summary><c>format(*args, **kwargs)</c>: Python's %.</summary>
    public static object? Format(object? value, Arguments arguments, Budget budget)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
            throw new TemplateFault("format() takes arguments either with or without names");
        return Like(value, PercentFormat.Apply(PythonText.Str(value, budget), arguments.Named.Count > 0
            ? PythonDict.Of(arguments.Named.Select(static item => ((object?)item.Name, item.Value)))
            : new PythonTuple(arguments.Positional), budget));
    }

    /// <summary><c>truncate(length=255, killwords=False, end='...', leeway=5)</c>.</summary>
    public static object? Truncate(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("truncate", 0, "length", "killwords", "end", "leeway");
        var (text, end) = (PythonValues.RequireText(value, "what truncate() gets"), given.Text(2, "..."));
        var (length, leeway) = (given.Integer(0, 255), given[3] is null ? 5 : given.Integer(3));
        if (length < CodePoints.Count(end) || leeway < 0)
            throw new TemplateFault($"truncate() takes a length of at least {CodePoints.Count(end)} and a leeway of at least 0");
        if (CodePoints.Count(text) <= length + leeway)
            return value;
        var kept = (string)PythonSequences.Slice(text, null, length - CodePoints.Count(end), null, budget)!;
        var space = given.Truth(1) ? -1 : kept.LastIndexOf(' ');
        return Like(value, (space < 0 ? kept : kept[..space]) + end);
    }

    /// <summary><c>wordcount</c>: runs of letters, digits and underscores.</summary>
    public static object? WordCount(object? value, Arguments arguments, Budget budget)
    {
        arguments.Bind("wordcount", 0);
        var (words, isInside) = (0L, false);
        foreach (var rune in PythonText.Str(value, budget).EnumerateRunes())
        {
            var isWord = rune.Value == '_' || Rune.IsLetterOrDigit(rune) || Rune.IsNumber(rune);
            words += isWord && !isInside ? 1 : 0;
            isInside = isWord;
        }
        return words;
    }

    /// <summary><c>urlencode</c> of a text, of a dict or of pairs.</summary>
    public static object? UrlEncode(object? value, Arguments arguments, Budget budget)
    {
        arguments.Bind("urlencode", 0);
        if (PythonValues.TextOf(value) is not null || PythonSequences.Iterate(value) is null)
            return Quote(value, false);
        var pairs = value is PythonDict dict ? new DictView("items", dict) : value;
        return string.Join('&', PythonSequences.RequireEntries(pairs, budget).Select(pair =>
            PythonSequences.List(pair, budget) is [var key, var item] ? $"{Quote(key, true)}={Quote(item, true)}"
                : throw new TemplateFault("urlencode() takes pairs")));

        string Quote(object? part, bool isQuery)
        {
            var text = PythonText.Str(part, budget);
            budget.Characters(text.Length * 9L);
            var quoted = Uri.EscapeDataString(text);
            return isQuery ? quoted.Replace("%20", "+", StringComparison.Ordinal) : quoted.Replace("%2F", "/", StringComparison.Ordinal);
        }
    }

    private static object Like(object? value, string text) => value is Markup ? new Markup(text) : text;
}
