using System.Text;

namespace Espalier.Pipeline.Cards;

/// <summary>
/// A page in Markdown as GitHub and the Hub read it, written piece by piece; what comes from files cannot end a table or a block.
/// </summary>
internal sealed class CardPage
{
    private readonly StringBuilder _text = new();

    /// <summary>The page so far; it ends with a line break.</summary>
    public override string ToString() => _text.ToString();

    /// <summary>A line as it is, in the front matter.</summary>
    public void Raw(string line) => _text.Append(line).Append('\n');

    public void Heading(int level, string title) => Block($"{new string('#', level)} {Plain(title)}");

    /// <summary>A paragraph that is Markdown already.</summary>
    public void Paragraph(string markdown) => Block(markdown);

    /// <summary>A list of paragraphs that are Markdown already.</summary>
    public void Items(IEnumerable<string> markdown) => Block(string.Join('\n', markdown.Select(item => $"- {item}")));

    /// <summary>A table; cells are Markdown already, columns of numbers begin with <c>&gt;</c>.</summary>
    public void Table(IReadOnlyList<Column> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var lines = new List<string>
        {
            Row(columns.Select(column => column.Title)),
            Row(columns.Select(column => column.IsNumber ? "---:" : "---")),
        };
        lines.AddRange(rows.Select(Row));
        Block(string.Join('\n', lines));
    }

    /// <summary>Text that is shown as it is typed.</summary>
    /// <param name="language">What it is: python, sh, json.</param>
    /// <param name="code">The text; its fence is longer than any in it.</param>
    public void Code(string language, string code)
    {
        var fence = "```";
        while (code.Contains(fence, StringComparison.Ordinal))
            fence += "`";
        Block($"{fence}{language}\n{code.TrimEnd('\n')}\n{fence}");
    }

    /// <summary>Text of somebody else as part of a line: no character of it means anything to Markdown or HTML.</summary>
    public static string Plain(string text)
    {
        var plain = new StringBuilder();
        foreach (var c in OneLine.Of(text))
            _ = c switch
            {
                '<' => plain.Append("&lt;"),
                '&' => plain.Append("&amp;"),
                '\\' or '`' or '*' or '_' or '[' or ']' or '|' or '#' or '~' => plain.Append('\\').Append(c),
                _ => plain.Append(c),
            };
        return plain.ToString();
    }

    /// <summary>A name or number as code within a line; in a table too.</summary>
    public static string Quoted(string text)
    {
        text = OneLine.Of(text).Replace("|", "\\|", StringComparison.Ordinal);
        return text.Contains('`', StringComparison.Ordinal) ? $"`` {text} ``" : $"`{text}`";
    }

    /// <summary>0.00005 of 5E-05: a number of a record in decimals, however small; as it stands where it is none that has some.</summary>
    public static string Decimal(string number) =>
        decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value.ToString(CultureInfo.InvariantCulture) : number;

    /// <summary>Four decimals: nats, bits.</summary>
    public static string Nats(double number) => double.IsFinite(number) ? number.ToString("0.0000", CultureInfo.InvariantCulture)
        : "not finite";

    /// <summary>38.2 %, of two counts.</summary>
    public static string Share(long part, long whole) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.0} %");

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    private void Block(string text)
    {
        if (_text.Length > 0)
            _text.Append('\n');
        _text.Append(text).Append('\n');
    }
}
