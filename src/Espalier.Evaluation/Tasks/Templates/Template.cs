using System.Text;
using Espalier.Evaluation.Documents;

namespace Espalier.Evaluation.Tasks.Templates;

/// <summary>
/// Text with fields of a document in it: <c>Question: {question}</c>. A field may be an entry of a list (<c>{options.0}</c>, from 0) and
/// pass filters (<c>{ctx_b|capitalize}</c>, <see cref="TemplateFilters"/>). <c>{{</c> and <c>}}</c> are braces.
/// </summary>
internal sealed class Template
{
    private readonly List<(string Text, string[]? Path, TemplateFilter[] Filters)> _parts = [];

    private Template(string source) => Source = source;

    /// <summary>The template without a text.</summary>
    public static Template Empty { get; } = new("");

    /// <summary>The text that it was made of.</summary>
    public string Source { get; }

    /// <summary>The text of a template without fields; null of others.</summary>
    public string? Literal => _parts.All(static part => part.Path is null) ? string.Concat(_parts.Select(static part => part.Text)) : null;

    /// <summary>Whether it is one field and nothing else: it may stand for a list then.</summary>
    public bool IsField => _parts is [{ Path: not null }];

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
        return template.IsField || !template._parts.Any(part => part.Filters.Any(filter => filter.Parts is not null)) ? template
            : throw new EspalierException($"{place}: '{source}' turns a field into a list, which cannot be combined with other text; "
                + "use the field alone");
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
                : filters.Aggregate(document.Text(path), (value, filter) => filter.Whole?.Invoke(value)
                    ?? throw new EspalierException($"{document.Place}: {Source} is a list; a text was expected")));
        return filled.ToString();
    }

    /// <summary>
    /// The texts that it stands for: of a field that holds a list its entries, each filtered; else one text, unless a filter parts it.
    /// </summary>
    /// <exception cref="EspalierException">The document lacks a field; file and line are named.</exception>
    public IReadOnlyList<string> Texts(TaskDocument document)
    {
        if (_parts is not [{ Path: { } path, Filters: var filters }])
            return [Fill(document)];
        IEnumerable<string> texts = document.List(path) ?? [document.Text(path)];
        foreach (var filter in filters)
            texts = texts.SelectMany(text => filter.Parts?.Invoke(text) ?? [filter.Whole!(text)]);
        return [.. texts];
    }

    /// <summary>What it takes from a document, without what it adds to each: its fields' texts, filtered, in their order.</summary>
    /// <inheritdoc cref="Texts" path="/exception"/>
    public IEnumerable<string> FieldsOf(TaskDocument document) => _parts.Where(part => part.Path is not null)
        .SelectMany(part => new Template(Source) { _parts = { part } }.Texts(document));

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
                $"{place}: {{{field}}} is not a field; write {{question}}, or {{options.0}} for an entry of a list");
        _parts.Add(("", path,
        [
            .. parts[1..].Select(name => TemplateFilters.All.GetValueOrDefault(name)
                ?? throw new EspalierException(
                    $"{place}: there is no filter '{name}'; there are {string.Join(", ", TemplateFilters.All.Keys)}"))
        ]));
    }
}

/// <summary>Strings as Python treats them.</summary>
internal static class PythonText
{
    /// <summary>Without white space around it: what Python's <c>strip</c> takes for such.</summary>
    public static string Strip(string text) => text.Trim(PythonLetters.White);

    /// <summary>Without white space at its end.</summary>
    public static string StripEnd(string text) => text.TrimEnd(PythonLetters.White);

    /// <summary>The first letter large, all others small.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0)
            return text;
        var first = char.IsHighSurrogate(text[0]) && text.Length > 1 ? 2 : 1;
        return text[..first].ToUpper(CultureInfo.InvariantCulture) + text[first..].ToLower(CultureInfo.InvariantCulture);
    }
}
