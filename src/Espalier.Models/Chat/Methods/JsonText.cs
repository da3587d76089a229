using System.Numerics;
using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>Python's <c>json.dumps</c>, which transformers puts in the place of jinja2's own <c>tojson</c>.</summary>
internal sealed class JsonText(Budget budget, bool isAscii, string? indent, string itemSeparator, string keySeparator, bool sortsKeys)
{
    private readonly StringBuilder _written = new();
    private int _level;

    /// <summary>The filter <c>tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)</c>.</summary>
    public static string Of(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        var indent = given[1] switch
        {
            null => null,
            string text => text,
            var width => Spaces(PythonValues.RequireInteger(width, "'indent' of tojson()"), budget),
        };
        var (items, keys) = (indent is null ? ", " : ",", ": ");
        if (given[2] is { } separators)
        {
            if (PythonSequences.List(separators, budget) is not [string between, string after])
                throw new TemplateFault("'separators' of tojson() are two texts");
            (items, keys) = (between, after);
        }
        var json = new JsonText(budget, given.Truth(0), indent, items, keys, given.Truth(3));
        json.Write(value);
        return json._written.ToString();
    }

    private static string Spaces(long count, Budget budget)
    {
        budget.Characters(Math.Max(0, count));
        return new(' ', (int)Math.Max(0, count));
    }

    private void Write(object? value)
    {
        budget.Step();
        switch (value)
        {
            case null: Put("null"); break;
            case bool truth: Put(truth ? "true" : "false"); break;
            case double number: Put(Number(number)); break;
            case long or BigInteger: Put(PythonText.Str(value, budget)); break;
            case string or Markup: WriteText(PythonValues.TextOf(value)!); break;
            case List<object?> list: WriteList(list); break;
            case PythonTuple tuple: WriteList(tuple.Items); break;
            case PythonDict dict: WriteDict(dict); break;
            default: throw new TemplateFault($"tojson: an object of type {PythonValues.TypeName(value)} cannot be written as JSON");
        }
    }

    private void WriteList(IReadOnlyList<object?> items) => WriteAll('[', items, ']', Write);

    private void WriteDict(PythonDict dict)
    {
        var items = dict.Items.Select(static item => (object?)PythonTuple.Of(item.Key, item.Value));
        if (sortsKeys)
            items = PythonOrder.Sort(items, static item => ((PythonTuple)item!).Items[0], false, budget);
        WriteAll('{', [.. items], '}', item =>
        {
            var entry = ((PythonTuple)item!).Items;
            WriteText(entry[0] switch
            {
                string or Markup => PythonValues.TextOf(entry[0])!,
                null => "null",
                bool truth => truth ? "true" : "false",
                double number => Number(number),
                long or BigInteger => PythonText.Str(entry[0], budget),
                var other => throw new TemplateFault($"tojson: a key of type {PythonValues.TypeName(other)} cannot be written as JSON"),
            });
            Put(keySeparator);
            Write(entry[1]);
        });
    }

    private void WriteAll(char open, IReadOnlyList<object?> items, char close, Action<object?> write)
    {
        if (items.Count == 0)
        {
            Put($"{open}{close}");
            return;
        }
        budget.Enter();
        _level++;
        Put(open.ToString());
        for (var i = 0; i < items.Count; i++)
        {
            Put(i == 0 ? "" : itemSeparator);
            NewLine();
            write(items[i]);
        }
        _level--;
        NewLine();
        Put(close.ToString());
        budget.Leave();
    }

    private void NewLine()
    {
        if (indent is null)
            return;
        budget.Characters(1 + (long)indent.Length * _level);
        _written.Append('\n').Insert(_written.Length, indent, _level);
    }

    private void WriteText(string text)
    {
        budget.Characters(text.Length + 2L);
        _written.Append('"');
        foreach (var c in text)
            _ = c switch
            {
                '"' => _written.Append("\\\""),
                '\\' => _written.Append("\\\\"),
                '\n' => _written.Append("\\n"),
                '\r' => _written.Append("\\r"),
                '\t' => _written.Append("\\t"),
                '\b' => _written.Append("\\b"),
                '\f' => _written.Append("\\f"),
                _ when c < ' ' || isAscii && c > '~' => _written.Append($"\\u{(int)c:x4}"),
                _ => _written.Append(c),
            };
        _written.Append('"');
    }

    private static string Number(double number) => double.IsNaN(number) ? "NaN"
        : double.IsInfinity(number) ? number > 0 ? "Infinity" : "-Infinity" : PythonText.Float(number);

    private void Put(string text)
    {
        budget.Characters(text.Length);
        _written.Append(text);
    }
}
