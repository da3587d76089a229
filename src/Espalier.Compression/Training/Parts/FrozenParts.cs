namespace Espalier.Compression.Training.Parts;

/// <summary>
/// Which parameters stay as they are: <c>embedding</c> (the table, which may be the head too), <c>head</c>, <c>norms</c>, <c>attention</c>,
/// <c>mamba</c>, <c>delta</c> (linear attention), <c>mlp</c>, <c>layers 0-3</c> or <c>layer 5</c> (whole blocks, from 0). A parameter that
/// any of the words names is frozen: it gets no gradient, no moments and no decay.
/// </summary>
public sealed record FrozenParts
{
    private static readonly string[] s_words = [.. Enum.GetNames<ParameterGroup>().Select(name => name.ToLowerInvariant()), "layers"];
    private readonly IReadOnlyList<Part> _parts = [];

    private FrozenParts(IReadOnlyList<Part> parts) => _parts = parts;

    /// <summary>Nothing is frozen.</summary>
    public static FrozenParts None { get; } = new([]);

    /// <summary>One of the words, as a pattern of JSON Schema.</summary>
    internal static string Pattern => $"^({string.Join('|', s_words[..^1])}| *layers? +[0-9]+(-[0-9]+)? *)$";

    /// <summary>Whether nothing is frozen.</summary>
    public bool IsEmpty => _parts.Count == 0;

    /// <summary>The words in a fixed order, each once: one spelling for each meaning.</summary>
    public IReadOnlyList<string> Words => [.. _parts.Select(part => part.ToString())];

    /// <summary>Reads the words.</summary>
    /// <exception cref="EspalierException">A word is unknown.</exception>
    public static FrozenParts Parse(IEnumerable<string> words) =>
        new([.. words.Select(ParsePart).Distinct().OrderBy(part => Array.IndexOf(s_words, part.Word)).ThenBy(part => part.First)
            .ThenBy(part => part.Last)]);

    /// <summary>Whether a parameter is frozen.</summary>
    public bool Hold(Parameter parameter) => _parts.Any(part => part.Holds(parameter));

    /// <summary>Checks the words against a model; returns the parts.</summary>
    /// <exception cref="EspalierException">A layer that is not there, a head that is the embedding, or nothing left to train.</exception>
    public FrozenParts Within(DecoderConfig config, IEnumerable<Parameter> parameters)
    {
        foreach (var part in _parts)
            if (part.Word == "layers" && part.Last >= config.Layers)
                throw new EspalierException($"freeze: {part}, but the model has layers 0 to {config.Layers - 1}");
            else if (part.Word == "head" && config.TiedEmbeddings)
                throw new EspalierException(
                    "freeze: this model's head is its embedding table; write embedding, which freezes both");
        if (!IsEmpty && parameters.All(Hold))
            throw new EspalierException($"freeze: {string.Join(", ", Words)} is the whole model; leave something to train");
        return this;
    }

    /// <inheritdoc/>
    public bool Equals(FrozenParts? other) => other is not null && _parts.SequenceEqual(other._parts);

    /// <inheritdoc/>
    public override int GetHashCode() => _parts.Aggregate(0, HashCode.Combine);

    private static Part ParsePart(string word)
    {
        if (word != "layers" && s_words.Contains(word))
            return new(word, -1, -1);
        if (word.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is ["layer" or "layers", var range])
        {
            var ends = range.Split('-');
            if (ends.Length <= 2
                && int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last))
                return first <= last ? new("layers", first, last)
                    : throw new EspalierException($"layers {first}-{last} end before they begin; write layers {last}-{first}");
        }
        var shown = new string([.. word.Take(40).Select(c => char.IsControl(c) ? '?' : c)]);
        throw new EspalierException(
            $"unknown '{shown}'.{NearestName.Hint(shown, s_words)} Known: "
                + $"{string.Join(", ", s_words.Where(known => known != "layers"))}, layer N and layers N-M");
    }

    private readonly record struct Part(string Word, int First, int Last)
    {
        public bool Holds(Parameter parameter) => Word == "layers"
            ? parameter.Layer >= First && parameter.Layer <= Last
            : s_words[(int)ParameterSpec.Of(parameter.Role).Group] == Word;

        public override string ToString() =>
            Word != "layers" ? Word : First == Last ? string.Create(CultureInfo.InvariantCulture, $"layer {First}")
                : string.Create(CultureInfo.InvariantCulture, $"layers {First}-{Last}");
    }
}
