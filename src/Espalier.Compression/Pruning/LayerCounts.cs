using Espalier.Compression.Importance.Comparison;

namespace Espalier.Compression.Pruning;

/// <summary>
/// How many layers of each kind stay in a hybrid whose layers are not all of one kind. With it a student's size is known before its layers
/// are ranked; which of a kind stay is left to the scores.
/// </summary>
/// <param name="Mamba">Layers with a state-space mixer.</param>
/// <param name="Attention">Layers with attention.</param>
/// <param name="FeedForward">Layers that are a feed-forward block alone.</param>
internal readonly record struct LayerCounts(int Mamba, int Attention, int FeedForward)
{
    /// <summary>What <see cref="Parse"/> reads.</summary>
    public const string Pattern = @"^\s*[0-9]+ (mamba|attention|feed-forward)(\s*\+\s*[0-9]+ (mamba|attention|feed-forward))*\s*$";

    private static readonly string[] s_names = ["mamba", "attention", "feed-forward"];

    private int[] Counts => [Mamba, Attention, FeedForward];

    /// <summary>All of them.</summary>
    public int Total => Counts.Sum();

    /// <summary>Reads <c>25 mamba + 4 attention + 19 feed-forward</c>; a kind that is not named is 0.</summary>
    /// <exception cref="EspalierException">It says something else.</exception>
    public static LayerCounts Parse(string text)
    {
        var counts = new int?[s_names.Length];
        foreach (var part in text.Split('+', StringSplitOptions.TrimEntries))
        {
            var words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var kind = words.Length == 2 ? Array.IndexOf(s_names, words[1]) : -1;
            if (kind < 0 || counts[kind] is not null
                || !int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
                throw new EspalierException($"'{text}' is not a count of layers of each kind: write it as in 25 mamba + 4 attention + 19 "
                    + "feed-forward, each once");
            counts[kind] = count;
        }
        return new(counts[0] ?? 0, counts[1] ?? 0, counts[2] ?? 0);
    }

    /// <summary>Holds them against a model, of which so many layers stay.</summary>
    /// <exception cref="EspalierException">They are not so many, or more than it has of a kind.</exception>
    public void Check(DecoderConfig teacher, int layers)
    {
        if (teacher.LayerKinds.AreAlike || teacher.LayerKinds.Any(kind => !kind.IsHalf))
            throw new EspalierException(
                $"prune.layer-kinds is {this}, but layers of this {teacher.Family} model are not mamba, attention or "
                + "feed-forward only: leave it out");
        if (Total != layers)
            throw new EspalierException($"prune.layer-kinds is {this}, a total of {Total} layers, but prune.layers is {layers}: make them "
                + "agree");
        for (var kind = 0; kind < s_names.Length; kind++)
            if (Counts[kind] > Of(teacher.LayerKinds, kind).Count())
                throw new EspalierException($"prune.layer-kinds is {this}, but the teacher has {Of(teacher.LayerKinds, kind).Count()} "
                    + $"{s_names[kind]} layers");
    }

    /// <summary>The layers of each kind that are worth most, so many of it, ascending; ties to the lower one.</summary>
    /// <param name="kinds">The teacher's layers.</param>
    /// <param name="worth">[layer].</param>
    public int[] Best(LayerKinds kinds, IReadOnlyList<double> worth)
    {
        var counts = Counts;
        return [.. Enumerable.Range(0, counts.Length).SelectMany(kind =>
        {
            int[] layers = [.. Of(kinds, kind)];
            return Ranking.Largest([.. layers.Select(layer => worth[layer])], counts[kind]).Select(at => layers[at]);
        }).Order()];
    }

    /// <summary>The first ones of each kind: what stands for the others while none is ranked.</summary>
    public int[] First(LayerKinds kinds) => Best(kinds, new double[kinds.Count]);

    public override string ToString() =>
        string.Join(" + ", Counts.Zip(s_names).Where(entry => entry.First > 0).Select(entry => $"{entry.First} {entry.Second}"));

    private static IEnumerable<int> Of(LayerKinds kinds, int kind) =>
        Enumerable.Range(0, kinds.Count).Where(layer => kind == (kinds[layer].HasMamba ? 0 : kinds[layer].HasAttention ? 1 : 2));
}
