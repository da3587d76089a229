using System.Text;

namespace Espalier.Compression.Data.Xml;

/// <summary>
/// Readable names from documentation ids (C# language specification, annex D): <c>M:System.String.Split(System.Char)</c>
/// is <c>String.Split(char)</c>. What is malformed comes back as it is: a name is prose, not a reference.
/// </summary>
internal static class XmlMemberName
{
    private const int MaxLength = 2048, MaxDepth = 8;

    /// <summary>The id of the type that declares the member (or is it): <c>System.Collections.Generic.List`1</c>.</summary>
    public static string DeclaringType(string id)
    {
        if (id.Length < 3 || id[0] is 'T' or 'N')
            return id.Length < 3 ? id : id[2..];
        var path = PathOf(id);
        var dot = LastOutside(path, '.');
        return dot < 0 ? path : path[..dot];
    }

    /// <summary>The name for a heading: a type with its namespace, a member with its type and parameters.</summary>
    /// <param name="id">The documentation id with its kind, such as <c>M:</c>.</param>
    /// <param name="typeParameters">Names of the declaring type's parameters, for <c>`0</c>.</param>
    /// <param name="methodParameters">Names of the method's own, for <c>``0</c>.</param>
    public static string Heading(string id, IReadOnlyList<string> typeParameters, IReadOnlyList<string> methodParameters)
    {
        var type = WithParameters(DeclaringType(id), typeParameters);
        if (id.Length < 3 || id[0] is 'T' or 'N')
            return type;
        type = type[OwnNameStart(type)..];
        var path = PathOf(id);
        var name = path[(LastOutside(path, '.') + 1)..];
        var arguments = Arguments(id, typeParameters, methodParameters);
        if (name is "#ctor" or "#cctor")
            return $"new {type}{(arguments.Length > 0 ? arguments : "()")}";
        if (name.StartsWith("op_", StringComparison.Ordinal))
            name = $"operator {name[3..]}";
        var explicitParts = name.Split('#');
        if (explicitParts.Length > 1)
            name = $"{explicitParts[^2]}.{explicitParts[^1]}";
        return $"{type}.{WithParameters(name, methodParameters)}{(id[0] == 'M' && arguments.Length == 0 ? "()" : arguments)}";
    }

    /// <summary>The name as a sentence would use it: <c>String</c>, <c>String.Split</c>, <c>List&lt;T&gt;</c>.</summary>
    public static string Short(string id)
    {
        var colon = id.IndexOf(':', StringComparison.Ordinal);
        var kind = colon == 1 ? id[0] : colon > 1 ? 'O' : 'T';
        var path = PathOf(colon < 0 ? $"T:{id}" : $"{kind}:{id[(colon + 1)..]}");
        if (kind == 'N')
            return path;
        var names = Outside(path, '.');
        if (kind is 'T' or '!' || names.Count < 2)
            return kind is 'T' or '!' ? TypeName(path, [], [], 0) : WithParameters(names[^1], []);
        var type = WithParameters(names[^2], []);
        return names[^1] is "#ctor" ? type : $"{type}.{WithParameters(names[^1].Replace('#', '.'), [])}";
    }

    private static string Arguments(string id, IReadOnlyList<string> typeParameters, IReadOnlyList<string> methodParameters)
    {
        var open = id.IndexOf('(', StringComparison.Ordinal);
        var close = id.LastIndexOf(')');
        if (open < 0 || close < open)
            return "";
        var names = Outside(id[(open + 1)..close], ',').Select(type => TypeName(type, typeParameters, methodParameters, 0));
        return id[0] == 'P' ? $"[{string.Join(", ", names)}]" : $"({string.Join(", ", names)})";
    }

    private static string TypeName(string type, IReadOnlyList<string> typeParameters, IReadOnlyList<string> methodParameters, int depth)
    {
        if (depth > MaxDepth || type.Length is 0 or > MaxLength)
            return type;
        string Inner(string inner) => TypeName(inner, typeParameters, methodParameters, depth + 1);
        if (type[^1] == '@')
            return $"ref {Inner(type[..^1])}";
        if (type[^1] == '*')
            return $"{Inner(type[..^1])}*";
        if (type[^1] == ']' && type.LastIndexOf('[') is > 0 and var bracket)
            return Inner(type[..bracket]) + $"[{new string(',', type[bracket..].Count(c => c == ','))}]";
        if (type.StartsWith("``", StringComparison.Ordinal))
            return Parameter(type[2..], methodParameters);
        if (type[0] == '`')
            return Parameter(type[1..], typeParameters);
        var brace = type[^1] == '}' ? type.IndexOf('{', StringComparison.Ordinal) : -1;
        if (brace > 0 && Outside(type, '.') is [.., var last] && last.IndexOf('{', StringComparison.Ordinal) is > 0 and var open)
            return $"{last[..open]}<{string.Join(", ", Outside(last[(open + 1)..^1], ',').Select(Inner))}>";
        return Keyword(type) ?? WithParameters(Outside(type, '.')[^1], []);
    }

    private static string Parameter(string index, IReadOnlyList<string> names) =>
        int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var i) && i < names.Count ? names[i] : "T";

    /// <summary><c>List`1</c> to <c>List&lt;T&gt;</c>; the names known go to the last number, others are T or T1, T2.</summary>
    private static string WithParameters(string name, IReadOnlyList<string> known)
    {
        var tick = name.LastIndexOf('`');
        if (tick < 0)
            return name;
        if (!int.TryParse(name[(tick + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is 0 or > 32)
            return name.Replace("`", "", StringComparison.Ordinal);
        var names = Enumerable.Range(0, count)
            .Select(i => i + known.Count - count is >= 0 and var at ? known[at] : count == 1 ? "T" : $"T{i + 1}");
        return $"{name[..tick].TrimEnd('`')}<{string.Join(", ", names)}>";
    }

    /// <summary>The id without its kind, its argument list and the return type of a conversion.</summary>
    private static string PathOf(string id)
    {
        var end = id.AsSpan().IndexOfAny('(', '~');
        return id[2..(end < 2 ? id.Length : end)];
    }

    /// <summary>Where the type's own name begins in <c>System.Collections.Generic.List&lt;T&gt;</c>.</summary>
    private static int OwnNameStart(string type)
    {
        var bracket = type.IndexOf('<', StringComparison.Ordinal);
        return type.LastIndexOf('.', (bracket < 0 ? type.Length : bracket) - 1) + 1;
    }

    private static int LastOutside(string text, char separator)
    {
        var depth = 0;
        for (var i = text.Length - 1; i >= 0; i--)
        {
            depth += text[i] is '}' or ']' ? 1 : text[i] is '{' or '[' ? -1 : 0;
            if (text[i] == separator && depth == 0)
                return i;
        }
        return -1;
    }

    /// <summary>Splits at separators that are not inside braces or brackets; at least one part.</summary>
    private static List<string> Outside(string text, char separator)
    {
        var parts = new List<string>();
        var part = new StringBuilder();
        var depth = 0;
        foreach (var c in text)
        {
            depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
            if (c == separator && depth == 0)
            {
                parts.Add(part.ToString());
                part.Clear();
            }
            else
            {
                part.Append(c);
            }
        }
        parts.Add(part.ToString());
        return parts;
    }

    private static string? Keyword(string type) => type switch
    {
        "System.Boolean" => "bool",
        "System.Byte" => "byte",
        "System.SByte" => "sbyte",
        "System.Char" => "char",
        "System.Decimal" => "decimal",
        "System.Double" => "double",
        "System.Single" => "float",
        "System.Int16" => "short",
        "System.Int32" => "int",
        "System.Int64" => "long",
        "System.UInt16" => "ushort",
        "System.UInt32" => "uint",
        "System.UInt64" => "ulong",
        "System.Object" => "object",
        "System.String" => "string",
        "System.Void" => "void",
        _ => null,
    };
}
