using Espalier.Models.Grammars;
using Espalier.Models.Grammars.Schemas;

namespace Espalier.Server.Tools;

/// <summary>A call in marks as a grammar: what <see cref="MarkedCallReader"/> reads, parameters in the order of their schema.</summary>
/// <param name="function">The function, as requests have it.</param>
/// <param name="place">What errors call it.</param>
internal sealed class MarkedGrammar(JsonObject function, string place)
{
    private const string Closing = MarkedCallReader.EndOfParameter;

    // What a text may be is as JSON has it, and this is all that a text without marks around its parts can be kept to.
    private static readonly string[] s_plain = ["type", "title", "description", "default", "examples", "$comment"];

    private readonly KnownTools _tools = new(new JsonArray(new JsonObject { ["function"] = function.DeepClone() }));
    private readonly JsonObject? _schema = function["parameters"] as JsonObject;
    private readonly string _name = Marked((string)function["name"]!, $"{place}.name");
    private readonly bool _isStrict = ToolGrammar.IsStrict(function);

    /// <exception cref="EspalierException">What cannot be kept, of a function that is to be strictly; or a name with a mark.</exception>
    public GrammarNode Call()
    {
        using var document = _schema is null ? null : JsonDocument.Parse(_schema.ToJsonString());
        if (_isStrict && document is not null)
            _ = SchemaReader.Read(document.RootElement, $"{place}.parameters");
        return new GrammarSequence(JsonSyntax.Text($"{MarkedCallReader.Function}{_name}>\n"), Parameters(document),
            JsonSyntax.Text(MarkedCallReader.EndOfFunction));
    }

    private GrammarNode Parameters(JsonDocument? document)
    {
        var properties = _schema?["properties"] as JsonObject;
        var required = (_schema?["required"] as JsonArray ?? []).Select(static name => name?.ToString() ?? "").ToHashSet();
        var others = _schema?["additionalProperties"];
        var mayHaveAny = others?.GetValueKind() != JsonValueKind.False && (others is not null || properties is null);
        if (properties is not { Count: > 0 } && required.Count == 0)
            return !mayHaveAny ? new GrammarSequence() : new GrammarRepeat(new GrammarSequence(JsonSyntax.Text(MarkedCallReader.Parameter),
                JsonSyntax.TextUntil(">"), JsonSyntax.Text("\n"), Value("", others, "additionalProperties", document)), 0, null);
        return new GrammarSequence([.. (properties ?? []).Select(static field => field.Key).Union(required).Select(name =>
        {
            var isNamed = properties?.ContainsKey(name) == true;
            var escaped = Uri.EscapeDataString(name.Replace("~", "~0", StringComparison.Ordinal)
                .Replace("/", "~1", StringComparison.Ordinal));
            var parameter = new GrammarSequence(
                JsonSyntax.Text($"{MarkedCallReader.Parameter}{Marked(name, $"{place}.parameters.properties")}>\n"),
                Value(name, isNamed ? properties![name] : others, isNamed ? $"properties/{escaped}" : "additionalProperties", document));
            return required.Contains(name) ? parameter : JsonSyntax.Maybe(parameter);
        })]);
    }

    private GrammarSequence Value(string name, JsonNode? schema, string pointer, JsonDocument? document)
    {
        var kinds = _tools.KindsOf(_name, name);
        var at = $"{place}.parameters.{pointer.Replace('/', '.')}";
        if (!kinds.HasFlag(ValueKinds.Text))
            return new(Json(kinds, pointer, document!), JsonSyntax.Text($"\n{Closing}\n"));
        GrammarNode[] texts = [.. Texts(schema, [], 0)];
        if (texts.Length == 0 && _isStrict)
            throw new EspalierException($"{at}: of a text, only its values (enum, const) are kept in this model's calls: leave out what "
                + "else it says, or strict");
        return new(texts.Length == 0 ? JsonSyntax.TextUntil(Closing) : new GrammarChoice(texts), JsonSyntax.Text("\n"));
    }

    private GrammarNode Json(ValueKinds kinds, string pointer, JsonDocument document)
    {
        try
        {
            return SchemaReader.Read(document.RootElement, $"{place}.parameters", $"#/{pointer}");
        }
        catch (EspalierException) when (!_isStrict)
        {
            (ValueKinds Kind, GrammarNode Node)[] all =
            [
                (ValueKinds.Number, JsonSyntax.Number), (ValueKinds.Boolean, JsonSyntax.Boolean), (ValueKinds.Object, JsonSyntax.Object),
                (ValueKinds.List, JsonSyntax.List(JsonSyntax.Value, 0, null)), (ValueKinds.Null, JsonSyntax.Text("null")),
            ];
            return new GrammarChoice([.. all.Where(one => kinds.HasFlag(one.Kind)).Select(static one => one.Node)]);
        }
    }

    // The texts of a schema, each with the mark that closes it; none where they cannot be kept. Each reference is read once.
    private IEnumerable<GrammarNode> Texts(JsonNode? node, HashSet<string> read, int depth)
    {
        if (node is not JsonObject schema)
            return [JsonSyntax.TextUntil(Closing)];
        if (depth > KnownTools.Deepest)
            return [];
        if (schema["$ref"] is JsonValue reference)
            return read.Add(reference.ToString()) ? Texts(KnownTools.Referred(reference.ToString(), _schema), read, depth + 1) : [];
        if ((schema["anyOf"] ?? schema["oneOf"]) is JsonArray some)
            return some.SelectMany(one => Texts(one, read, depth + 1));
        if (schema["allOf"] is JsonArray { Count: 1 } all)
            return Texts(all[0], read, depth + 1);
        JsonNode?[] values = schema["enum"] is JsonArray list ? [.. list] : schema.ContainsKey("const") ? [schema["const"]] : [];
        if (values.Length > 0)
            return values.OfType<JsonValue>().Where(static value => value.GetValueKind() == JsonValueKind.String).Select(static value =>
                (string)value!).Where(static text => !text.Contains(Closing, StringComparison.Ordinal))
                .Select(static text => JsonSyntax.Text($"{text}\n{Closing}"));
        return schema.All(static field => s_plain.Contains(field.Key)) && (schema["type"] is not { } type
            || type is JsonArray types && types.Any(static one => one?.ToString() == "string") || type.ToString() == "string")
            ? [JsonSyntax.TextUntil(Closing)] : [];
    }

    private static string Marked(string name, string place) => name.AsSpan().IndexOfAny("<>\n") < 0 ? name
        : throw new EspalierException($"{place}: '{OneLine.Clipped(name)}' has a mark in it, which this model's calls cannot have");
}
