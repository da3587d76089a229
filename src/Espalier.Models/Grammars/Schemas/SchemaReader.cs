using Espalier.Models.Grammars.Numbers;

namespace Espalier.Models.Grammars.Schemas;

/// <summary>
/// Makes a grammar of a JSON Schema (2020-12), of which a part is read: what is written fits the schema, and no more than that is said. An
/// object's properties come in the order in which the schema names them, and none beside those is written. A keyword that would not be
/// kept is refused by its name.
/// </summary>
internal sealed class SchemaReader
{
    /// <summary>Characters of a schema, at most.</summary>
    public const int Longest = 1 << 16;

    private const int MostExclusive = 1000;

    private readonly JsonElement _root;
    private readonly string _place;
    private readonly Dictionary<string, GrammarRule> _rules = [];
    private readonly Queue<(GrammarRule Rule, JsonElement Schema, string Place)> _open = new();

    private readonly SchemaStrings _strings;
    private readonly SchemaOverlap _overlap;
    private readonly Dictionary<(NumberBounds Bounds, bool IsWhole), GrammarNode> _numbers = [];
    private readonly Dictionary<GrammarNode, string> _places = [];

    private SchemaReader(JsonElement root, string place)
    {
        (_root, _place, _strings) = (root, place, new(place));
        _overlap = new((reference, at) => Referred(Pointer(reference), at));
    }

    /// <summary>Reads a schema, or a part of one.</summary>
    /// <param name="schema">All of it.</param>
    /// <param name="place">What errors call it.</param>
    /// <param name="pointer">The part that is read, which may refer to the others.</param>
    /// <exception cref="EspalierException">It is none, says what is not supported here, or lets in no value.</exception>
    public static GrammarNode Read(JsonElement schema, string place, string pointer = "#")
    {
        if (schema.GetRawText().Length is > Longest and var length)
            throw new EspalierException($"{place} has {length} characters; at most {Longest} are allowed: make it smaller");
        var reader = new SchemaReader(schema, place);
        var root = reader.Pointed(pointer, place);
        // One after the other and not one inside the other: references can be as many as there is room for.
        while (reader._open.TryDequeue(out var open))
            open.Rule.Body = reader.One(open.Schema, open.Place);
        Heights.Find(root);
        return root.Height <= Grammar.Deepest ? root
            : throw new EspalierException($"{reader.Hopeless(root)}: no value fits: its requirements contradict each other or never end");
    }

    // The innermost schema that is to blame: from a part without an end to one of its own, as long as it is the only one.
    private string Hopeless(GrammarNode root)
    {
        var (at, place, seen) = (root, _place, new HashSet<GrammarNode>());
        while (seen.Add(at))
        {
            place = _places.GetValueOrDefault(at, place);
            var parts = at.Parts.Where(static part => part.Height > Grammar.Deepest).ToArray();
            if (parts.Length == 0 || parts.Length > 1 && at is GrammarChoice && _places.ContainsKey(at))
                break;
            // What may be left out is not to blame for what follows it.
            at = at is GrammarChoice ? parts[^1] : parts[0];
        }
        return place;
    }

    private GrammarRule Rule(string pointer, JsonElement schema, string place)
    {
        if (_rules.TryGetValue(pointer, out var known))
            return known;
        var rule = _rules[pointer] = new();
        _open.Enqueue((rule, schema, place));
        return rule;
    }

    private GrammarNode One(JsonElement schema, string place)
    {
        var node = Made(schema, place);
        _places.TryAdd(node, place);
        return node;
    }

    private GrammarNode Made(JsonElement schema, string place)
    {
        if (schema.ValueKind == JsonValueKind.True)
            return JsonSyntax.Value;
        if (schema.ValueKind == JsonValueKind.False)
            return new GrammarChoice();
        var keywords = new SchemaKeywords(schema, place);
        if (keywords.Alone("$ref") is { } reference)
            return Pointed(Pointer(reference), keywords.PlaceOf("$ref"));
        if (keywords.Alone("anyOf") is { } any)
            return new GrammarChoice([.. Schemas(any, keywords, "anyOf").Select(
                (one, i) => One(one, $"{keywords.PlaceOf("anyOf")}[{i}]"))]);
        if (keywords.Alone("oneOf") is { } exact)
            return new GrammarChoice([.. Apart(Schemas(exact, keywords, "oneOf"), keywords).Select(
                (one, i) => One(one, $"{keywords.PlaceOf("oneOf")}[{i}]"))]);
        if (keywords.Alone("allOf") is { } all)
            return Schemas(all, keywords, "allOf") is [var single] ? One(single, $"{keywords.PlaceOf("allOf")}[0]")
                : throw new EspalierException(
                    $"{keywords.PlaceOf("allOf")}: more than one schema is not supported here: merge them into one");
        if (keywords.Values() is { } values)
            return new GrammarChoice([.. values.Where(value => keywords.Types.Any(type => SchemaKeywords.Fits(value, type)))
                .Select(JsonSyntax.Constant)]);
        return new GrammarChoice([.. keywords.Types.Select(type => OfType(type, keywords))]);
    }

    private GrammarNode OfType(string type, SchemaKeywords keywords) => type switch
    {
        "object" => new SchemaObject(keywords, One).Grammar(),
        "array" => JsonSyntax.List(keywords.Of("items") is { } items ? One(items, keywords.PlaceOf("items")) : JsonSyntax.Value,
            keywords.Fewest("minItems"), keywords.Most("maxItems")),
        "string" => _strings.Of(keywords),
        "integer" or "number" => Numbers(SchemaNumber.Bounds(keywords), type == "integer", keywords.Place),
        "boolean" => JsonSyntax.Boolean,
        _ => JsonSyntax.Text("null"),
    };

    private GrammarNode Numbers(NumberBounds bounds, bool isWhole, string place) =>
        _numbers.TryGetValue((bounds, isWhole), out var known) ? known
            : _numbers[(bounds, isWhole)] = NumberGrammar.Of(bounds, isWhole, place);

    private static JsonElement[] Schemas(JsonElement list, SchemaKeywords keywords, string keyword) =>
        list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0 ? [.. list.EnumerateArray()]
            : throw keywords.Wrong(keyword, "a list of schemas");

    private JsonElement[] Apart(JsonElement[] schemas, SchemaKeywords keywords)
    {
        var place = keywords.PlaceOf("oneOf");
        if (schemas.Length > MostExclusive)
            throw new EspalierException($"{place} has {schemas.Length} schemas; at most {MostExclusive} are allowed: use anyOf");
        var facets = schemas.Select(schema => _overlap.FacetsOf(schema, place)).ToArray();
        for (var i = 0; i < schemas.Length; i++)
            for (var j = 0; j < schemas.Length; j++)
                if (i != j && !(facets[i] is { } own && facets[j] is { } other && own.AreApart(other))
                    && !_overlap.Excludes(schemas[i], schemas[j], place))
                    throw _overlap.HasEnded
                        ? new EspalierException($"{place}: its {schemas.Length} schemas are too large to prove distinct: "
                            + "give each a required property whose const or enum tells them apart, or use anyOf")
                        : new EspalierException($"{place}: a value of [{i}] may also fit [{j}], which is not supported here: "
                            + "give each a required property whose const or enum tells them apart, or use anyOf");
        return schemas;
    }

    private GrammarRule Pointed(string pointer, string place) =>
        Rule(pointer, Referred(pointer, place), pointer == "#" ? _place : $"{_place}{pointer[1..].Replace('/', '.')}");

    private static string Pointer(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    // RFC 6901, as a part of a URI.
    private JsonElement Referred(string text, string place)
    {
        if (text != "#" && !text.StartsWith("#/", StringComparison.Ordinal))
            throw new EspalierException(
                $"{place} is {OneLine.Clipped(text)}: only references within the same schema are supported, such as "
                    + "#/$defs/name");
        var at = _root;
        foreach (var step in text.Split('/').Skip(1))
        {
            var name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
            at = at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var inner) ? inner
                : at.ValueKind == JsonValueKind.Array && int.TryParse(name, out var i) && (uint)i < (uint)at.GetArrayLength() ? at[i]
                : throw new EspalierException($"{place} is {OneLine.Clipped(text)}, but the schema has no such place");
        }
        return at;
    }
}
