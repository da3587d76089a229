namespace Espalier.Server.Requests;

/// <summary>What a model reads: a text or ids.</summary>
internal sealed record Prompt(string? Text, int[]? Ids)
{
    private const int Longest = 1 << 20;

    /// <summary>Reads a field that is a text, a list of texts, of ids, or of lists of ids.</summary>
    /// <param name="name">The field.</param>
    /// <param name="most">Prompts, at most.</param>
    public static IReadOnlyList<Prompt> Read(RequestFields fields, string name, int most)
    {
        if (fields.Of(name) is not { } value)
            throw RequestException.Bad($"{name} is missing; it must be a text, a list of texts, or of token ids", name, "missing");
        if (value.ValueKind == JsonValueKind.String)
            return [new(fields.Text(name), null)];
        var items = fields.List(name, Longest)!;
        if (items.Count == 0)
            throw RequestException.Bad($"{name} is an empty list", name);
        if (items[0].ValueKind == JsonValueKind.Number)
            return [new(null, ReadIds(fields, name, items))];
        if (items.Count > most)
            throw RequestException.Bad($"{name} has {items.Count} texts; at most {most} are allowed", name);
        return [.. items.Select(item => item.ValueKind switch
        {
            JsonValueKind.String => new Prompt(item.GetString(), null),
            JsonValueKind.Array when item.GetArrayLength() > 0 => new Prompt(null, ReadIds(fields, name, [.. item.EnumerateArray()])),
            _ => throw fields.Wrong(name, item, "a text, a list of texts, or of token ids"),
        })];
    }

    private static int[] ReadIds(RequestFields fields, string name, IReadOnlyList<JsonElement> items) => [.. items.Select(item =>
        item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id) ? id : throw fields.Wrong(name, item, "token ids"))];
}
