using Espalier.Compression.Search.Constraints;

namespace Espalier.Compression.Search;

/// <summary>
/// Candidates as a JSON file, which a person can write: <c>version</c> (1) and <c>candidates</c>, each with the sizes that a
/// search may cut; a size that is left out is the teacher's.
/// </summary>
internal static class CandidatesFile
{
    /// <summary>Longest file that is read.</summary>
    public const long MaxBytes = 64 << 20;

    private const int Newest = 1;
    private static readonly string[] s_keys = [.. Axis.Searched.Select(axis => axis.Key)];

    /// <summary>Reads candidates and checks each against the teacher.</summary>
    /// <exception cref="EspalierException">
    /// The file cannot be read, a field is unknown, of a wrong type or illegal (with the nearest legal value), or a shape comes twice.
    /// </exception>
    public static IReadOnlyList<Candidate> Read(string path, DecoderConfig teacher, int? multiple = null) =>
        JsonFile.Read(path, MaxBytes, (root, source) => Parse(root, source, teacher, multiple));

    /// <summary>Writes candidates one after the other, as they are enumerated.</summary>
    public static long Write(Stream stream, IEnumerable<Candidate> candidates)
    {
        using var text = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        text.Write("{\n  \"version\": 1,\n  \"candidates\": [");
        var count = 0L;
        foreach (var candidate in candidates)
        {
            var sizes = ShapeName.AxesOf(candidate.Sizes).Select(axis => $"\"{axis}\": {candidate.Sizes[axis]}");
            text.Write($"{(count++ > 0 ? "," : "")}\n    {{{string.Join(", ", sizes)}}}");
        }
        text.Write("\n  ]\n}\n");
        return count;
    }

    private static Candidate[] Parse(JsonElement root, string source, DecoderConfig teacher, int? multiple)
    {
        var fields = new JsonFields(root, source, "", "version", "candidates");
        fields.Version(Newest);
        if (!root.TryGetProperty("candidates", out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
            throw fields.Wrong("candidates", "it must be a list of shapes, with at least one, as in: [{ \"layers\": 6, \"hidden\": 192 }]");
        var candidates = list.EnumerateArray().Select((item, i) => One(item, source, $"candidates[{i}].", teacher, multiple)).ToArray();
        var places = new Dictionary<DecoderConfig, int>();
        for (var i = 0; i < candidates.Length; i++)
            if (!places.TryAdd(candidates[i].Shape, i) && places[candidates[i].Shape] is var first)
                throw new EspalierException(
                    $"{source}: candidates[{i}] is {candidates[i].Name}, the same as candidates[{first}]; keep one");
        return candidates;
    }

    private static Candidate One(JsonElement item, string source, string prefix, DecoderConfig teacher, int? multiple)
    {
        var fields = new JsonFields(item, source, prefix, s_keys);
        var sizes = new Pruning.PruneTarget
        {
            Sizes = new(axis => item.TryGetProperty(axis.Key, out _) ? fields.Int(axis.Key) : null),
            Multiple = multiple
        };
        var shape = SearchSpace.Check(teacher, sizes, $"{source}: {prefix}");
        var shaped = new Candidate(shape) { Model = teacher };
        return shape != teacher ? shaped
            : throw new EspalierException(
                $"{source}: {prefix.TrimEnd('.')} is the teacher's own shape; name a smaller size of "
                    + string.Join(", ", ShapeName.AxesOf(shaped.Sizes)));
    }
}
