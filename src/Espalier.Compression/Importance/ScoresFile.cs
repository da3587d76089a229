using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Importance;

/// <summary>
/// The JSON form of <see cref="ImportanceScores"/>, which is also what <c>espalier score --json</c> prints: where the scores come from
/// (<c>version</c>, <c>method</c>, of activations <c>batch</c>, <c>sequence</c> and <c>neuron_values</c>, of chance <c>seed</c>, where text
/// was read <c>samples</c> and <c>sample_length</c>, <c>teacher</c>, <c>calibration</c>) and <c>axes</c>: <c>neurons</c> [layer][neuron],
/// <c>heads</c> [layer][head], <c>channels</c> [channel] network-wide, of activations <c>channels_per_norm</c> [norm][channel],
/// <c>layers</c> (block influence, or what weights add up to: span width to [first layer]); of activations of a mixture of experts
/// <c>routing</c>, <see cref="ExpertRouting"/>: <c>mass</c> and <c>nearness</c>. A file of version 1 has no <c>method</c> and is one of
/// activations; up to version 2 <c>teacher</c> is the hash of a folder.
/// </summary>
internal static class ScoresFile
{
    /// <summary>Longest file that is read: that of a 15B model has 25 MB.</summary>
    public const long MaxBytes = 256 << 20;

    /// <summary>The version that new scores have: 1 knew activations alone, 1 and 2 name the teacher's folder and not the model.</summary>
    internal const int Newest = 3;

    private static readonly string[] s_aggregations = ["l2", "mean", "variance"];
    private static readonly string[] s_activationFields = ["batch", "sequence", "neuron_values", "expert_values"];
    private static readonly string[] s_textFields = ["samples", "sample_length"];

    /// <summary>Reads scores.</summary>
    /// <exception cref="EspalierException">
    /// The file cannot be read, or a field is unknown, missing, of a wrong type, or contradicts another; it is named.
    /// </exception>
    public static ImportanceScores Read(string path) => JsonFile.Read(path, MaxBytes, Parse);

    /// <summary>Writes scores, whole or not at all.</summary>
    /// <exception cref="EspalierException">A score is not finite; its place is named.</exception>
    public static void Write(string path, ImportanceScores scores) => DurableOutput.WriteFile(path, Bytes(scores));

    /// <summary>The scores as a JSON object, as the file holds them.</summary>
    /// <exception cref="EspalierException">A score is not finite; its place is named.</exception>
    public static JsonObject ToJson(ImportanceScores scores) => JsonNode.Parse(Bytes(scores))!.AsObject();

    /// <summary>What says where scores come from, under the names of the file; what does not apply is not there.</summary>
    internal static IReadOnlyList<(string Field, string Value)> Provenance(ImportanceScores scores)
    {
        string[] provenance = ["method", .. s_activationFields, "seed", .. s_textFields, "teacher", "calibration"];
        return [.. ToJson(scores).Where(field => provenance.Contains(field.Key)).Select(field => (field.Key, field.Value!.ToString()))];
    }

    private static byte[] Bytes(ImportanceScores scores)
    {
        RequireFinite(scores);
        return JsonLayout.Bytes(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("version", scores.Version);
            json.WriteString("method", EnumName.Of(scores.Method));
            if (scores.Method.ReadsActivations())
            {
                json.WriteString("batch", scores.Batch);
                json.WriteString("sequence", scores.Sequence);
                json.WriteString("neuron_values", EnumName.Of(scores.NeuronValues));
                if (scores.Units[Axis.Experts] is not null)
                    json.WriteString("expert_values", EnumName.Of(scores.ExpertValues));
            }
            if (scores.Method == ScoreMethod.Random)
                json.WriteNumber("seed", scores.Seed);
            if (scores.Method.ReadsText())
            {
                json.WriteNumber("samples", scores.Samples);
                json.WriteNumber("sample_length", scores.SampleLength);
            }
            json.WriteString("teacher", scores.Teacher);
            json.WriteString("calibration", scores.Calibration);
            json.WriteStartObject("axes");
            foreach (var axis in scores.Units.Axes.Reverse())
                if (axis.IsPerLayer)
                    json.NumberLists(axis.UnitsField, scores.Units[axis]!);
                else
                    json.Numbers(axis.UnitsField, scores.Units[axis]![0]);
            if (scores.Method.ReadsActivations())
                json.NumberLists("channels_per_norm", scores.ChannelsPerNorm);
            json.WriteStartObject("layers");
            foreach (var (width, influence) in scores.BlockInfluence.OrderBy(pair => pair.Key))
                json.Numbers(width.ToString(CultureInfo.InvariantCulture), influence);
            json.WriteEndObject();
            json.WriteEndObject();
            if (scores.Routing is { } routing)
            {
                json.WriteStartObject("routing");
                json.NumberLists("mass", routing.Mass);
                json.NumberLists("nearness", routing.Nearness);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });
    }

    private static ImportanceScores Parse(JsonElement root, string source)
    {
        var fields = new JsonFields(
            root, source, "", "version", "method", "batch", "sequence", "neuron_values", "expert_values", "seed", "samples",
            "sample_length", "teacher",
            "calibration", "axes", "routing");
        var axes = new JsonFields(fields.Object("axes"), source, "axes.",
            [.. Axis.Scored.Select(axis => axis.UnitsField), "channels_per_norm", "layers"]);
        var version = fields.Version(Newest);
        var method = fields.Choice<ScoreMethod>("method") ?? ScoreMethod.Activation;
        var (ofActivations, ofText, ofChance) = (method.ReadsActivations(), method.ReadsText(), method == ScoreMethod.Random);
        foreach (var field in (string[])[.. ofActivations ? [] : s_activationFields, .. ofText ? [] : s_textFields, .. ofChance
            ? (string[])[] : ["seed"]])
            if (fields.Has(field))
                throw fields.Wrong(field, $"scores of method {EnumName.Of(method)} have none; leave it out");
        if (!ofActivations && axes.Has("channels_per_norm"))
            throw axes.Wrong("channels_per_norm", $"scores of method {EnumName.Of(method)} have none; leave it out");
        var scores = new ImportanceScores
        {
            Version = version,
            Method = method,
            Batch = ofActivations ? fields.OneOf("batch", s_aggregations) : "",
            Sequence = ofActivations ? fields.OneOf("sequence", s_aggregations) : "",
            NeuronValues = fields.Choice<NeuronValues>("neuron_values") ?? NeuronValues.Intermediate,
            ExpertValues = fields.Choice<ExpertValues>("expert_values") ?? ExpertValues.Output,
            Seed = ofChance ? fields.LongFromZero("seed") : 0,
            Samples = ofText ? fields.Long("samples") : 0,
            SampleLength = ofText ? fields.Int("sample_length") : 0,
            Teacher = fields.Text("teacher") ?? "",
            Calibration = fields.Text("calibration") ?? "",
            Units = new(axis => !Axis.Scored.Contains(axis) || !IsThere(axis) ? null : axis.IsPerLayer ? axes.NumberLists(axis.UnitsField)
                : [axes.Numbers(axis.UnitsField)]),
            ChannelsPerNorm = ofActivations ? axes.NumberLists("channels_per_norm") : [],
            BlockInfluence = Layers(axes, source),
            Routing = fields.Has("routing") ? Routing(fields.Object("routing"), source) : null,
        };
        return Agreeing(scores, source);

        // A hybrid may have no layer with attention.
        bool IsThere(Axis axis) =>
            !(axis.IsOptional || axis.IsPerLayer && Axis.Scored.Any(other => other.IsOfHybrids && axes.Has(other.UnitsField)))
                || axes.Has(axis.UnitsField);
    }

    private static ExpertRouting Routing(JsonElement routing, string source)
    {
        var fields = new JsonFields(routing, source, "routing.", "mass", "nearness");
        return new() { Mass = fields.NumberLists("mass"), Nearness = fields.NumberLists("nearness") };
    }

    private static Dictionary<int, double[]> Layers(JsonFields axes, string source)
    {
        var layers = axes.Object("layers");
        var values = new JsonFields(layers, source, "axes.layers.");
        var spans = new Dictionary<int, double[]>();
        foreach (var span in layers.EnumerateObject())
        {
            if (!int.TryParse(span.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var width) || width < 1
                || !spans.TryAdd(width, values.Numbers(span.Name)))
                throw new EspalierException(
                    $"{source}: axes.layers.{OneLine.Clipped(span.Name)}: a span's width is a whole number from 1, each once");
        }
        return spans.ContainsKey(1) ? spans : throw values.Wrong("1", "the block influence of single layers is required");
    }

    private static ImportanceScores Agreeing(ImportanceScores scores, string source)
    {
        var layers = scores.Layers;
        if (!scores.Units.Axes.Any(axis => axis.IsOptional && !axis.IsPerExpert))
            throw new EspalierException($"{source}: axes must have "
                + string.Join(" or ", Axis.Scored.Where(axis => axis.IsOptional && !axis.IsPerExpert && !axis.IsOfHybrids).Reverse()
                    .Select(axis => axis.UnitsField)));
        foreach (var (one, other) in new[]
        {
            (Axis.Experts, Axis.ExpertFfn), (Axis.MambaHeads, Axis.MambaHeadDim), (Axis.DeltaHeads, Axis.DeltaHeadDim),
        })
            if (scores.Units[one] is null != scores.Units[other] is null)
                throw new EspalierException($"{source}: axes must have both {one.UnitsField} and {other.UnitsField}, or neither of them");
        foreach (var axis in scores.Units.Axes.Where(axis => axis.IsPerLayer && !axis.IsPerExpert))
            Same($"axes.{axis.UnitsField}", scores.Units[axis]!.Length, "layers", layers);
        if (scores.Units[Axis.Experts] is { } experts)
            Same($"axes.{Axis.ExpertFfn.UnitsField}", scores.Units[Axis.ExpertFfn]!.Length, "experts", layers * experts[0].Length);
        if (scores.Method.ReadsActivations())
        {
            Same("axes.channels_per_norm", scores.ChannelsPerNorm.Length, "norms, two a layer and the last", 2 * layers + 1);
            Same("axes.channels_per_norm[0]", scores.ChannelsPerNorm[0].Length, "channels", scores.Units[Axis.Hidden]![0].Length);
        }
        foreach (var (width, influence) in scores.BlockInfluence)
            Same($"axes.layers.{width}", influence.Length, $"spans of {width} among {layers} layers", layers - width + 1);
        if (scores.Routing is { } routing)
        {
            var count = scores.Units[Axis.Experts]?[0].Length ?? 0;
            Same("routing.mass", routing.Mass.Length, "layers", layers);
            Same("routing.mass[0]", routing.Mass[0].Length, "experts", count);
            Same("routing.nearness", routing.Nearness.Length, "experts of all layers", layers * count);
            Same("routing.nearness[0]", routing.Nearness[0].Length, "experts", count);
        }
        return scores;

        void Same(string field, int has, string what, int expected)
        {
            if (has != expected)
                throw new EspalierException($"{source}: {field} has {has} entries; there are {Math.Max(0, expected)} {what}");
        }
    }

    private static void RequireFinite(ImportanceScores scores)
    {
        foreach (var axis in scores.Units.Axes.Where(axis => axis.IsPerLayer))
            Rows(axis.UnitsField, scores.Units[axis]!);
        Rows("channels_per_norm", scores.ChannelsPerNorm);
        foreach (var axis in scores.Units.Axes.Where(axis => !axis.IsPerLayer))
            Row(axis.UnitsField, scores.Units[axis]![0]);
        foreach (var (width, influence) in scores.BlockInfluence)
            Row($"layers.{width}", influence);
        Rows("routing.mass", scores.Routing?.Mass ?? []);
        Rows("routing.nearness", scores.Routing?.Nearness ?? []);

        static void Rows(string axis, double[][] rows)
        {
            for (var i = 0; i < rows.Length; i++)
                Row($"{axis}[{i}]", rows[i]);
        }

        static void Row(string place, double[] row)
        {
            if (Array.FindIndex(row, x => !double.IsFinite(x)) is >= 0 and var at)
                throw new EspalierException(
                    $"importance: {place}[{at}] is {row[at]}; its source is not "
                        + "finite there, look at its weights and at the calibration text")
                { ExitCode = 1 };
        }
    }
}
