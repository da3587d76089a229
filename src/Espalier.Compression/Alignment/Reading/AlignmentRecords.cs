using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Alignment.Reading;

/// <summary>Records of which alignment reads several fields: they become documents whose text is the record itself, as JSON.</summary>
/// <param name="shapes">The fields of each known shape, all of which a record of that shape has.</param>
/// <param name="beside">Further fields that are read where they are there.</param>
internal sealed class AlignmentRecords(IReadOnlyList<string[]> shapes, IReadOnlyList<string> beside) : RecordReader
{
    private static readonly string[] s_turns = ["messages", "conversations", "conversation", "completion"], s_pair = ["chosen", "rejected"];

    /// <summary>Records of conversations.</summary>
    public static AlignmentRecords Conversations { get; } = new(
        [["messages"], ["conversations"], ["conversation"], ["prompt", "completion"]], ["system", "tools"]);

    /// <summary>Records of pairs, one answer preferred to the other.</summary>
    public static AlignmentRecords Pairs { get; } = new(
        [s_pair], ["prompt", "chosen_reward", "rejected_reward", "system", "tools"]);

    /// <summary>Records of prompts; answers that stand after the last question are left out.</summary>
    public static AlignmentRecords Prompts { get; } = new(
        [["messages"], ["conversations"], ["conversation"], ["prompt"]], ["system", "tools"]);

    public override IEnumerable<string> Fields { get; } = [.. shapes.SelectMany(static shape => shape).Concat(beside).Distinct()];

    public override string Known { get; } = string.Join(", ", shapes.Select(static shape => string.Join(" + ", shape)));

    /// <summary>Rewards are numbers.</summary>
    public override bool TakesNumbers => true;

    public override string? WhatReads(IReadOnlyCollection<string> keys) =>
        this != Pairs && s_pair.All(keys.Contains) ? "pairs of answers are for --method dpo (method: dpo in a recipe)"
        : this == Pairs && keys.Any(s_turns.Contains) ? "conversations are for --method sft (method: sft in a recipe)"
        : null;

    public override string? Of(JsonElement record, string? field)
    {
        if (record.ValueKind == JsonValueKind.Array && shapes.Any(static shape => shape is ["messages"]))
            return $"{{\"messages\":{LenientJson.TextOf(record)}}}";
        if (record.ValueKind != JsonValueKind.Object)
            return null;
        if (field is not null)
            return record.TryGetProperty(field, out var named) && named.ValueKind == JsonValueKind.Array
                ? $"{{\"messages\":{LenientJson.TextOf(named)}}}" : null;
        return shapes.Any(shape => shape.All(name => record.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null))
            ? LenientJson.TextOf(record) : null;
    }
}
