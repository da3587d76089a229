using System.Text.Encodings.Web;

namespace Espalier.Server.Tools;

/// <summary>
/// Reads calls in marks: <c>&lt;function=name&gt;</c>, parameters as texts between <c>&lt;parameter=key&gt;</c> and
/// <c>&lt;/parameter&gt;</c>, each with a line break around it that is not its own, <c>&lt;/function&gt;</c>.
/// </summary>
/// <param name="tools">What may be called: a text that names another is no call.</param>
internal sealed class MarkedCallReader(KnownTools tools) : ICallReader
{
    public const string Function = "<function=", EndOfFunction = "</function>", Parameter = "<parameter=", EndOfParameter = "</parameter>";

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public IReadOnlyList<ToolCall>? Read(string text) => Read(text, isCut: false);

    public IReadOnlyList<ToolCall>? ReadCut(string text) => Read(text, isCut: true);

    private List<ToolCall>? Read(string text, bool isCut)
    {
        var calls = new List<ToolCall>();
        for (var at = Content(text, 0); at < text.Length; at = Content(text, at))
        {
            // A name that is not whole, or none at all.
            if (!Follows(text, at, Function) || text.IndexOf('>', at) is not (> 0 and var end))
                return isCut && (calls.Count > 0 || Begins(text, at, Function)) ? calls : null;
            var name = text[(at + Function.Length)..end].Trim();
            if (!tools.Has(name))
                return isCut && calls.Count > 0 ? calls : null;
            at = end + 1;
            if (Arguments(text, name, isCut, ref at) is not { } arguments)
                return null;
            calls.Add(ToolCall.New(name, arguments));
        }
        return calls.Count > 0 || isCut ? calls : null;
    }

    // The object of all parameters; of a text that is cut, its beginning.
    private string? Arguments(string text, string function, bool isCut, ref int at)
    {
        var all = new JsonObject();
        for (at = Content(text, at); ; at = Content(text, at))
        {
            if (Follows(text, at, EndOfFunction))
            {
                at += EndOfFunction.Length;
                return all.ToJsonString(s_json);
            }
            if (!Follows(text, at, Parameter) || text.IndexOf('>', at) is not (> 0 and var end))
            {
                var isAll = at == text.Length;
                at = text.Length;
                // Some models leave out the closing mark.
                return isCut ? Open(all) : isAll ? all.ToJsonString(s_json) : null;
            }
            var key = text[(at + Parameter.Length)..end].Trim();
            var from = end + 1;
            (var to, at) = End(text, from);
            if (at == text.Length && to == text.Length && isCut)
                return Cut(all, key, tools.KindsOf(function, key), text[from..]);
            all[key] = tools.Value(function, key, Inner(text[from..to]));
        }
    }

    // Where a value ends, and where what follows it begins: a mark inside of a value is followed by something else.
    private static (int End, int Next) End(string text, int from)
    {
        for (var end = from; (end = text.IndexOf(EndOfParameter, end, StringComparison.Ordinal)) >= 0;)
        {
            var (value, next) = (end, end += EndOfParameter.Length);
            var at = Content(text, next);
            if (at == text.Length || Begins(text, at, Parameter) || Begins(text, at, EndOfFunction))
                return (value, next);
        }
        // Left out.
        var nearest = ((string[])[Parameter, EndOfFunction]).Select(mark => text.IndexOf(mark, from, StringComparison.Ordinal))
            .Where(static other => other >= 0).DefaultIfEmpty(text.Length).Min();
        return (nearest, nearest);
    }

    private static string Cut(JsonObject all, string key, ValueKinds kinds, string value)
    {
        for (var length = Math.Min(value.Length, EndOfParameter.Length); length > 0; length--)
            if (value.EndsWith($"\n{EndOfParameter}"[..length], StringComparison.Ordinal)
                || value.EndsWith(EndOfParameter[..length], StringComparison.Ordinal))
            {
                value = value[..^length];
                break;
            }
        value = Inner(value);
        return $"{(all.Count > 0 ? $"{Open(all)}," : "{")}{Quoted(key)}:"
            + (kinds.HasFlag(ValueKinds.Text) ? Quoted(value)[..^1] : value.Trim());
    }

    // As of an object of JSON that was cut: nothing before its first field.
    private static string Open(JsonObject all) => all.Count > 0 ? all.ToJsonString(s_json)[..^1] : "";

    private static string Quoted(string text) => JsonValue.Create(text).ToJsonString(s_json);

    private static string Inner(string value)
    {
        var from = value.StartsWith('\n') ? 1 : 0;
        return value[from..(value.Length > from && value.EndsWith('\n') ? ^1 : ^0)];
    }

    private static int Content(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
            at++;
        return at;
    }

    private static bool Follows(string text, int at, string mark) => string.CompareOrdinal(text, at, mark, 0, mark.Length) == 0;

    // Whether a mark follows, or what came of it before the text's end.
    private static bool Begins(string text, int at, string mark) =>
        Follows(text, at, mark[..Math.Min(mark.Length, text.Length - at)]);
}
