using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Espalier.Evaluation.Documents;

namespace Espalier.Evaluation.Tasks;

/// <summary>
/// Text with fields of a document in it: <c>Question: {question}</c>. A field may be an entry of a list (<c>{options.0}</c>, from 0) and
/// pass filters (<c>{ctx_b|capitalize}</c>). <c>{{</c> and <c>}}</c> are braces.
/// </summary>
internal sealed partial class Template
{
    private static readonly Dictionary<string, Func<string, string>> s_filters = new(StringComparer.Ordinal)
    {
        ["strip"] = PythonText.Strip,
        ["capitalize"] = PythonText.Capitalize,
        ["lower"] = text => text.ToLowerInvariant(),
        ["underscores"] = text => text.Replace('_', ' '),
        ["before-blank"] = text => text.IndexOf('_', StringComparison.Ordinal) is >= 0 and var blank ? text[..blank] : text,
        ["after-blank"] = text => text.IndexOf('_', StringComparison.Ordinal) is >= 0 and var blank ? text[(blank + 1)..] : "",
        ["wikihow"] = Wikihow,
    };

    private readonly List<(string Text, string[]? Path, Func<string, string>[] Filters)> _parts = [];

    private Template(string source) => Source = source;

    /// <summary>The template without a text.</summary>
    public static Template Empty { get; } = new("");

    /// <summary>The text that it was made of.</summary>
    public string Source { get; }

    /// <summary>Names of the filters.</summary>
    public static IEnumerable<string> Filters => s_filters.Keys;

    /// <summary>The path of a template that is one field and nothing else, unfiltered; null of others.</summary>
    public string[]? LoneField => _parts is [{ Path: { } path, Filters: [] }] ? path : null;

    /// <summary>Reads a template.</summary>
    /// <exception cref="EspalierException">A brace without its partner, an empty field, or a filter that is not known.</exception>
    public static Template Parse(string source, string place)
    {
        var template = new Template(source);
        var literal = new StringBuilder();
        for (var i = 0; i < source.Length; i++)
        {
            var c = source[i];
            if (c is '{' or '}' && i + 1 < source.Length && source[i + 1] == c)
                literal.Append(source[i++]);
            else if (c == '}')
                throw new EspalierException($"{place}: a }} without {{; write }}}} for the character");
            else if (c != '{')
                literal.Append(c);
            else
            {
                var end = source.IndexOf('}', i);
                if (end < 0)
                    throw new EspalierException($"{place}: a {{ without }}; write {{{{ for the character");
                template.AddLiteral(literal);
                template.AddField(source[(i + 1)..end], place);
                i = end;
            }
        }
        template.AddLiteral(literal);
        return template;
    }

    /// <summary>The text with a document's values.</summary>
    /// <exception cref="EspalierException">The document lacks a field, or it is a list; file and line are named.</exception>
    public string Fill(TaskDocument document)
    {
        if (_parts is [{ Path: null, Text: var text }])
            return text;
        var filled = new StringBuilder();
        foreach (var (literal, path, filters) in _parts)
            filled.Append(path is null ? literal
                : filters.Aggregate(document.Text(path), static (value, filter) => filter(value)));
        return filled.ToString();
    }

    /// <inheritdoc/>
    public override string ToString() => Source;

    private void AddLiteral(StringBuilder literal)
    {
        if (literal.Length > 0)
            _parts.Add((literal.ToString(), null, []));
        literal.Clear();
    }

    private void AddField(string field, string place)
    {
        var parts = field.Split('|');
        var path = parts[0].Split('.');
        if (path.Any(name => name.Length == 0))
            throw new EspalierException(
                $"{place}: {{{field}}} names no field; write {{question}}, or {{options.0}} for an entry of a list");
        _parts.Add(("", path,
        [
            .. parts[1..].Select(name => s_filters.TryGetValue(name, out var filter) ? filter
                : throw new EspalierException($"{place}: there is no filter '{name}'; there are {string.Join(", ", s_filters.Keys)}"))
        ]));
    }

    // What HellaSwag's texts of WikiHow have in them (lm_eval/tasks/hellaswag/utils.py).
    private static string Wikihow(string text) =>
        InBrackets().Replace(PythonText.Strip(text).Replace(" [title]", ". ", StringComparison.Ordinal), "")
            .Replace("  ", " ", StringComparison.Ordinal);

    [GeneratedRegex(@"\[.*?\]")]
    private static partial Regex InBrackets();
}

/// <summary>Strings as Python treats them.</summary>
internal static class PythonText
{
    /// <summary>Without white space around it: what Python's <c>strip</c> takes for such.</summary>
    public static string Strip(string text) => text.Trim(s_white);

    /// <summary>Without white space at its end.</summary>
    public static string StripEnd(string text) => text.TrimEnd(s_white);

    /// <summary>The first letter large, all others small.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0)
            return text;
        var first = char.IsHighSurrogate(text[0]) && text.Length > 1 ? 2 : 1;
        return text[..first].ToUpper(CultureInfo.InvariantCulture) + text[first..].ToLower(CultureInfo.InvariantCulture);
    }

    // str.isspace: .NET's white space and the four separators of information.
    private static readonly char[] s_white =
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => (char)c).Where(c => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f')];
}
