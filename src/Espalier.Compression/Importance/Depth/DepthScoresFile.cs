namespace Espalier.Compression.Importance.Depth;

/// <summary>
/// The JSON form of <see cref="DepthScores"/>, which is also what <c>espalier depth --json</c> prints: where the scores come from
/// (<c>version</c>, <c>layers</c>, <c>samples</c>, <c>sample_length</c>, <c>teacher</c>, <c>calibration</c>, <c>task</c>) and
/// <c>metrics</c>, by name: <c>whole</c>, <c>singles</c> [layer], <c>spans</c> (width to [first layer]), <c>greedy</c> (<c>removed</c> and
/// <c>value</c>, in order), and of a task <c>accuracy</c> (<c>whole</c>, <c>singles</c>). Infinite harm in <c>singles</c> and <c>spans</c>
/// is null.
/// </summary>
internal static class DepthScoresFile
{
    /// <summary>Longest file that is read.</summary>
    public const long MaxBytes = 16 << 20;

    internal const int Newest = 2;

    /// <summary>Reads scores.</summary>
    /// <exception cref="EspalierException">
    /// The file cannot be read, or a field is unknown, missing, of a wrong type, or contradicts another; it is named.
    /// </exception>
    public static DepthScores Read(string path) => JsonFile.Read(path, MaxBytes, Parse);

    /// <summary>Writes scores, whole or not at all.</summary>
    public static void Write(string path, DepthScores scores) => DurableOutput.WriteFile(path, Bytes(scores));

    /// <summary>The scores as a JSON object, as the file holds them.</summary>
    public static JsonObject ToJson(DepthScores scores) => JsonNode.Parse(Bytes(scores))!.AsObject();

    private static byte[] Bytes(DepthScores scores) => JsonLayout.Bytes(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("version", scores.Version);
        json.WriteNumber("layers", scores.Layers);
        json.WriteNumber("samples", scores.Samples);
        json.WriteNumber("sample_length", scores.SampleLength);
        json.WriteString("teacher", scores.Teacher);
        json.WriteString("calibration", scores.Calibration);
        json.WriteString("task", scores.Task);
        json.WriteStartObject("metrics");
        foreach (var (kind, metric) in scores.Metrics.OrderBy(pair => pair.Key))
        {
            json.WriteStartObject(EnumName.Of(kind));
            Metric(json, metric);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static void Metric(Utf8JsonWriter json, DepthMetricScores metric)
    {
        json.WriteNumber("whole", metric.Whole);
        json.Numbers("singles", metric.Singles);
        json.WriteStartObject("spans");
        foreach (var (width, values) in metric.Spans.OrderBy(pair => pair.Key))
            json.Numbers(width.ToString(CultureInfo.InvariantCulture), values);
        json.WriteEndObject();
        if (metric.Removed.Length > 0)
        {
            json.WriteStartObject("greedy");
            json.Numbers("removed", metric.Removed);
            json.Numbers("value", metric.RemovedValues);
            json.WriteEndObject();
        }
        if (metric.Accuracies is null)
            return;
        json.WriteStartObject("accuracy");
        json.WriteNumber("whole", metric.WholeAccuracy!.Value);
        json.Numbers("singles", metric.Accuracies);
        json.WriteEndObject();
    }

    private static DepthScores Parse(JsonElement root, string source)
    {
        var fields = new JsonFields(root, source, "", "version", "layers", "samples", "sample_length", "teacher", "calibration", "task",
            "metrics");
        var layers = fields.Int("layers");
        var kinds = Enum.GetValues<DepthMetricKind>().ToDictionary(EnumName.Of);
        var metrics = fields.Object("metrics");
        var named = new JsonFields(metrics, source, "metrics.", [.. kinds.Keys]);
        var found = new Dictionary<DepthMetricKind, DepthMetricScores>();
        foreach (var metric in metrics.EnumerateObject())
            found.Add(kinds[metric.Name], Metric(named.Object(metric.Name), source, $"metrics.{metric.Name}.", layers));
        return new()
        {
            Version = fields.Version(Newest),
            Layers = layers,
            Samples = Natural(root, source, "samples"),
            SampleLength = Natural(root, source, "sample_length"),
            Teacher = fields.Text("teacher") ?? "",
            Calibration = fields.Text("calibration") ?? "",
            Task = fields.Text("task") ?? "",
            Metrics = found.Count > 0 ? found : throw new EspalierException($"{source}: metrics is empty; it must have at least one"),
        };
    }

    private static DepthMetricScores Metric(JsonElement metric, string source, string place, int layers)
    {
        var fields = new JsonFields(metric, source, place, "whole", "singles", "spans", "greedy", "accuracy");
        var spans = new Dictionary<int, double[]>();
        var values = new JsonFields(fields.Object("spans"), source, $"{place}spans.");
        foreach (var span in fields.Object("spans").EnumerateObject())
        {
            if (!int.TryParse(span.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var width) || width < 2 || width > layers
                || !spans.TryAdd(width, values.NumbersOrInfinite(span.Name)))
                throw new EspalierException(
                    $"{source}: {place}spans.{OneLine.Clipped(span.Name)}: a span's width "
                        + $"is a whole number from 2 to the {layers} layers, each once");
            Same($"spans.{width}", spans[width].Length, layers - width + 1);
        }
        var greedy = metric.TryGetProperty("greedy", out _)
            ? new JsonFields(fields.Object("greedy"), source, $"{place}greedy.", "removed", "value") : null;
        var accuracy = metric.TryGetProperty("accuracy", out _)
            ? new JsonFields(fields.Object("accuracy"), source, $"{place}accuracy.", "whole", "singles") : null;
        var found = new DepthMetricScores
        {
            Whole = Number(metric, source, place, "whole"),
            Singles = fields.NumbersOrInfinite("singles"),
            Spans = spans,
            Removed = greedy?.Indices("removed") ?? [],
            RemovedValues = greedy?.Numbers("value") ?? [],
            WholeAccuracy = accuracy is null ? null : Number(metric.GetProperty("accuracy"), source, $"{place}accuracy.", "whole"),
            Accuracies = accuracy?.Numbers("singles"),
        };
        Same("singles", found.Singles.Length, layers);
        Same("greedy.value", found.RemovedValues.Length, found.Removed.Length);
        if (found.Accuracies is { } each)
            Same("accuracy.singles", each.Length, layers);
        if (found.Removed.Distinct().Count() != found.Removed.Length || found.Removed.Any(layer => layer >= layers))
            throw new EspalierException(
                $"{source}: {place}greedy.removed is {string.Join(", ", found.Removed)}; it must list layers below {layers}, each once");
        return found;

        void Same(string field, int has, int expected)
        {
            if (has != expected)
                throw new EspalierException($"{source}: {place}{field} has {has} entries and must have {expected}");
        }
    }

    private static double Number(JsonElement value, string source, string place, string name) =>
        value.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetDouble(out var found)
            && double.IsFinite(found)
            ? found
            : throw new EspalierException($"{source}: {place}{name} must be a finite number");

    private static int Natural(JsonElement root, string source, string name) =>
        root.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var found)
            && found >= 0
            ? found
            : throw new EspalierException($"{source}: {name} must be a whole number from 0");
}
