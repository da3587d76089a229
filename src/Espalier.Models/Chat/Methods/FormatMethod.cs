using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>Python's <c>str.format</c>, with attributes and keys looked up as templates may.</summary>
internal sealed class FormatMethod(Arguments arguments, Budget budget)
{
    private int _next;

    /// <summary>The text with its fields filled in.</summary>
    public string Fill(string text, int depth = 2)
    {
        if (depth == 0)
            throw new TemplateFault("format(): fields are nested too deeply");
        var written = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var isDouble = i + 1 < text.Length && text[i + 1] == c;
            if (c is not ('{' or '}') || isDouble)
            {
                budget.Characters(1);
                written.Append(c);
                i += c is '{' or '}' ? 1 : 0;
            }
            else if (c == '}')
                throw new TemplateFault("format(): the text has an unmatched '}'");
            else
            {
                var end = End(text, i + 1);
                written.Append(Field(text[(i + 1)..end], depth));
                i = end;
            }
        }
        return written.ToString();
    }

    private static int End(string text, int at)
    {
        for (var open = 1; at < text.Length; at++)
        {
            open += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
            if (open == 0)
                return at;
        }
        throw new TemplateFault("format(): a '{' has no '}'");
    }

    private string Field(string field, int depth)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        var (name, spec) = colon < 0 ? (field, "") : (field[..colon], field[(colon + 1)..]);
        var conversion = '\0';
        if (name.Length > 1 && name[^2] == '!')
            (name, conversion) = (name[..^2], name[^1]);
        var value = Value(name);
        value = conversion switch
        {
            '\0' => value,
            's' => PythonText.Str(value, budget),
            'r' or 'a' => PythonText.Repr(value, budget),
            _ => throw new TemplateFault($"format(): there is no conversion '!{conversion}'"),
        };
        return FormatSpec.Format(value, spec.Contains('{') ? Fill(spec, depth - 1) : spec, budget);
    }

    private object? Value(string path)
    {
        var end = path.AsSpan().IndexOfAny('.', '[');
        var first = end < 0 ? path : path[..end];
        var value = First(first);
        while (end >= 0 && end < path.Length)
        {
            var isKey = path[end] == '[';
            var rest = path.AsSpan(end + 1);
            var next = rest.IndexOfAny('.', '[');
            var length = isKey ? rest.IndexOf(']') : next < 0 ? rest.Length : next;
            if (length <= 0)
                throw new TemplateFault($"format(): '{path}' is not a field");
            var part = rest[..length].ToString();
            value = !isKey ? PythonMembers.Attribute(value, part)
                : PythonMembers.Item(value, long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture,
                    out var index) ? index : part, budget);
            end += length + (isKey ? 2 : 1);
        }
        return value;
    }

    private object? First(string name)
    {
        if (name.Length == 0)
            name = (_next++).ToString(CultureInfo.InvariantCulture);
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            return index < arguments.Positional.Count ? arguments.Positional[index]
                : throw new TemplateFault($"format(): there is no argument {index}");
        foreach (var (key, value) in arguments.Named)
            if (key == name)
                return value;
        throw new TemplateFault($"format(): there is no argument '{name}'");
    }
}
