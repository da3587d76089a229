namespace Espalier.Models.Tokenizers.Formats;

/// <summary>A tokenizer in the form of tokenizer.json, being written from another one.</summary>
internal sealed record ConvertedTokenizer
{
    /// <summary>The decoder of tokenizers over bytes.</summary>
    public const string ByteLevelDecoder = """{"type":"ByteLevel"}""";

    /// <summary>Writes the members of <c>model</c> but for its type.</summary>
    public required Action<Utf8JsonWriter> Model { get; init; }

    /// <summary>BPE or Unigram.</summary>
    public required string Type { get; init; }

    /// <summary>The node as text; null for none.</summary>
    public string? Normalizer { get; init; }

    /// <summary>The node as text; null for none.</summary>
    public string? PreTokenizer { get; init; }

    /// <summary>The node as text; null for none.</summary>
    public string? Decoder { get; init; }

    /// <summary>Tokens before and after each text, by their contents.</summary>
    public (string[] Before, string[] After) Template { get; init; } = ([], []);

    /// <summary>Added tokens in the order in which the reference adds them. Their ids do not count here.</summary>
    public required IReadOnlyList<AddedToken> Added { get; init; }

    /// <summary>Ids of the model's own tokens.</summary>
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    /// <summary>The text.</summary>
    /// <param name="path">The file that it is of, for errors.</param>
    public byte[] Write(string path)
    {
        var stream = new MemoryStream();
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            WriteAdded(json, ids);
            WriteNode(json, "normalizer", Normalizer);
            WriteNode(json, "pre_tokenizer", PreTokenizer);
            WriteNode(json, "decoder", Decoder);
            WriteTemplate(json, ids, path);
            json.WriteStartObject("model");
            json.WriteString("type", Type);
            Model(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    /// <summary>Writes a vocabulary and merges.</summary>
    public static void WriteBpe(Utf8JsonWriter json, IReadOnlyDictionary<string, int> vocabulary,
        IEnumerable<(string Left, string Right)> merges)
    {
        json.WriteStartObject("vocab");
        foreach (var (token, id) in vocabulary)
            json.WriteNumber(token, id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in merges)
        {
            json.WriteStartArray();
            json.WriteStringValue(left);
            json.WriteStringValue(right);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    // A token that the model has keeps its id, the others are numbered on. Of the same contents the first counts.
    private void WriteAdded(Utf8JsonWriter json, Dictionary<string, int> ids)
    {
        var next = Vocabulary.Count;
        var rows = new List<AddedToken>();
        foreach (var token in Added)
        {
            if (token.Content.Length == 0 || ids.ContainsKey(token.Content))
                continue;
            var id = Vocabulary.TryGetValue(token.Content, out var known) ? known : next;
            next = Math.Max(next, id + 1);
            ids.Add(token.Content, id);
            rows.Add(token with { Id = id });
        }
        json.WriteStartArray("added_tokens");
        foreach (var token in rows.OrderBy(static token => token.Id))
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", token.SingleWord);
            json.WriteBoolean("lstrip", token.LeftStrip);
            json.WriteBoolean("rstrip", token.RightStrip);
            json.WriteBoolean("normalized", token.Normalized);
            json.WriteBoolean("special", token.Special);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteNode(Utf8JsonWriter json, string name, string? node)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(node ?? "null");
    }

    private void WriteTemplate(Utf8JsonWriter json, Dictionary<string, int> ids, string path)
    {
        if (Template.Before.Length + Template.After.Length == 0)
            return;
        JsonNode? IdOf(string token) => ids.TryGetValue(token, out var id) || Vocabulary.TryGetValue(token, out id) ? id
            : throw new EspalierException($"{path}: each text gets '{token}' added, which is not a token of this file");
        static JsonNode? Item(string kind, string id) => new JsonObject { [kind] = new JsonObject { ["id"] = id } };
        static IEnumerable<JsonNode?> Special(string[] tokens) => tokens.Select(static token => Item("SpecialToken", token));
        json.WritePropertyName("post_processor");
        new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. Special(Template.Before), Item("Sequence", "A"), .. Special(Template.After)]),
            ["special_tokens"] = new JsonObject(Template.Before.Concat(Template.After).Distinct()
                .Select(token => KeyValuePair.Create(token, (JsonNode?)new JsonObject { ["ids"] = new JsonArray(IdOf(token)) }))),
        }.WriteTo(json);
    }
}
