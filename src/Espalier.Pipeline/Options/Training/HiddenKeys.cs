using Espalier.Compression.Distillation;

namespace Espalier.Pipeline.Options.Training;

/// <summary>Hidden states that are compared beside logits; options of commands have <c>hidden-</c> before their names.</summary>
internal static class HiddenKeys
{
    /// <summary>The section as the value of a key.</summary>
    public static Kind<HiddenStateOptions?> Kind => Kinds.Section<HiddenStateOptions?>(Section, Read, hidden => Keys.Canonical(hidden!));

    public static IReadOnlyList<Key<HiddenStateOptions>> Keys { get; } =
    [
        new Key<HiddenStateOptions, IReadOnlyList<LayerPair>>("layers", Pairs, s => s.Layers, (s, pairs) => s with { Layers = pairs })
        {
            Help = "Compare the normalised inputs of these layers: TEACHER:STUDENT, counted from 0 and separated by commas, such as 29:13",
            Page = "Pairs `TEACHER:STUDENT` of layers, counted from 0, whose normalised inputs are compared.",
        },
        new Key<HiddenStateOptions, IReadOnlyList<LayerPair>>(
            "attention", Pairs, s => s.Attention, (s, pairs) => s with { Attention = pairs })
        {
            Help = "Compare the normalised states after attention of these layers, in the same form",
            Page = "The same for the normalised states after attention.",
        },
        new Key<HiddenStateOptions, bool>("embedding", Kinds.Flag, s => s.Embedding, (s, isCompared) => s with { Embedding = isCompared })
        {
            Help = "Compare the outputs of the embeddings",
            Page = "Compare the outputs of the embeddings.",
        },
        new Key<HiddenStateOptions, bool>("final", Kinds.Flag, s => s.Final, (s, isCompared) => s with { Final = isCompared })
        {
            Help = "Compare the outputs of the final norms",
            Page = "Compare the outputs of the final norms.",
        },
        new Key<HiddenStateOptions, HiddenDistance>(
            "distance", Kinds.Choice<HiddenDistance>(), s => s.Distance, (s, distance) => s with { Distance = distance })
        {
            Help = "How hidden states are compared",
            Page = "`mse` over channels, or `cosine`.",
        },
        new Key<HiddenStateOptions, double?>(
            "weight", Kinds.Number("X", Limits.Above(0)).Or("dynamic"), s => s.Weight,
            (s, weight) => s with { Weight = weight })
        {
            Help = "Weight of the loss on hidden states; by default loss on logits / loss on hidden states, recomputed in every pass "
                + "(dynamic)",
            PageDefault = "dynamic",
            Page = """
                Weight of the sum of these losses. `dynamic`: the loss on logits divided by that sum, recomputed in every pass and treated
                as a constant by the gradient. A pass is one `micro-batch` of one process, which therefore is
                the whole batch unless you set it; cut otherwise, a step has other weights.
                """,
            ShowsDefault = false,
            StageValue = s => s.Weight,
        },
    ];

    public static Section Section { get; } = new("hidden", Keys);

    private static Kind<IReadOnlyList<LayerPair>> Pairs => Kinds.ParsedList<IReadOnlyList<LayerPair>>(
        "PAIRS", texts => [.. texts.Select(LayerPair.Parse)], pairs => pairs.Select(pair => pair.ToString()), "^[0-9]+:[0-9]+$");

    /// <summary>What is compared, in a stage's key: pairs as one text, as the first folders had them.</summary>
    public static JsonObject StageValue(HiddenStateOptions hidden)
    {
        var options = Keys.StageOptions(hidden);
        (options["layers"], options["attention"]) = (string.Join(' ', hidden.Layers), string.Join(' ', hidden.Attention));
        return options;
    }

    private static HiddenStateOptions Read(SectionFields fields)
    {
        var options = Keys.Read(fields, new());
        return options.IsEmpty ? throw fields.Missing("layers", "hidden: { layers: 29:13, embedding: true }") : options;
    }
}
