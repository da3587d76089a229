using Espalier.Pipeline.Runs.Logs;

namespace Espalier.Pipeline.Runs.Comparison;

/// <summary>Two <c>metrics.jsonl</c> line by line, and the results of two <c>stage.json</c>.</summary>
internal static class MetricsComparison
{
    public static void Lines(string name, string a, string b, ComparisonTally tally)
    {
        using var linesA = MetricsLines.Read(a).GetEnumerator();
        using var linesB = MetricsLines.Read(b).GetEnumerator();
        var largest = new Dictionary<string, (double Distance, long Step)>(StringComparer.Ordinal);
        for (var more = true; more;)
        {
            var (hasA, hasB) = (linesA.MoveNext(), linesB.MoveNext());
            more = hasA && hasB;
            if (more)
            {
                tally.Lines++;
                if (linesA.Current.Step == linesB.Current.Step)
                    Line(name, linesA.Current.Step, linesA.Current.Fields, linesB.Current.Fields, largest, tally);
                else
                    tally.Differ(
                        new(name, $"line {tally.Lines}, step", Number(linesA.Current.Step),
                            Number(linesB.Current.Step))
                        { Step = Math.Min(linesA.Current.Step, linesB.Current.Step), Field = "step" });
                more = !tally.IsDecided && linesA.Current.Step == linesB.Current.Step;
            }
            else if (hasA || hasB)
            {
                var step = hasA ? linesA.Current.Step : linesB.Current.Step;
                tally.Differ(new(name, $"step {step}", hasA ? "there" : "the end", hasB ? "there" : "the end") { Step = step });
            }
        }
        tally.Distances.AddRange(largest.Select(field => new RunDistance(name, field.Key, field.Value.Distance, field.Value.Step)));
    }

    public static void Results(string name, string a, string b, ComparisonTally tally)
    {
        var (recordA, recordB) = (Read(a), Read(b));
        foreach (var (field, distance, valueA, valueB) in Apart(recordA.Result, recordB.Result, tally.Options.Exact))
        {
            tally.Distances.Add(new(name, field, distance, 0));
            if (distance > tally.Options.Tolerance)
                tally.Differ(new(name, $"result {field}", valueA, valueB) { Field = field });
        }
    }

    private static StageRecord Read(string path) => SealedJson.Read(path, RecordJson.Of<StageRecord>(), StageRecord.KnownVersion);

    private static void Line(string name, long step, JsonObject a, JsonObject b, Dictionary<string, (double, long)> largest,
        ComparisonTally tally)
    {
        foreach (var (field, distance, valueA, valueB) in Apart(a, b, tally.Options.Exact))
        {
            if (distance > largest.GetValueOrDefault(field).Item1)
                largest[field] = (distance, step);
            if (distance > tally.Options.Tolerance)
                tally.Differ(new(name, $"step {step}, {field}", valueA, valueB) { Step = step, Field = field });
        }
    }

    /// <summary>The fields of either whose values are apart, and how far.</summary>
    private static IEnumerable<(string Field, double Distance, string A, string B)> Apart(JsonObject a, JsonObject b, bool exact)
    {
        var (fieldsA, fieldsB) = (Flat(a), Flat(b));
        foreach (var field in fieldsA.Keys.Union(fieldsB.Keys))
        {
            var (valueA, valueB) = (fieldsA.GetValueOrDefault(field), fieldsB.GetValueOrDefault(field));
            if (Distance(valueA, valueB, exact) is not 0 and var distance)
                yield return (field, distance, Text(valueA), Text(valueB));
        }
    }

    /// <summary>
    /// 0 where two values are equal, their distance where both are numbers, infinity where they differ in any other way. By bits the
    /// spelling decides.
    /// </summary>
    private static double Distance(JsonValue? a, JsonValue? b, bool exact)
    {
        if (Text(a) == Text(b))
            return 0;
        if (a?.GetValueKind() != JsonValueKind.Number || b?.GetValueKind() != JsonValueKind.Number)
            return double.PositiveInfinity;
        var distance = Math.Abs(a.GetValue<double>() - b.GetValue<double>());
        if (double.IsNaN(distance))
            return double.PositiveInfinity;
        // Two spellings of one number, and whole numbers that no double tells apart, are no longer equal by bits.
        return distance == 0 && exact ? double.Epsilon : distance;
    }

    private static Dictionary<string, JsonValue?> Flat(JsonObject fields)
    {
        var flat = new Dictionary<string, JsonValue?>(StringComparer.Ordinal);
        Add("", fields);
        return flat;

        void Add(string path, JsonNode? node)
        {
            if (node is JsonObject inner)
                foreach (var (key, value) in inner)
                    Add(path.Length == 0 ? key : $"{path}.{key}", value);
            else if (node is JsonArray array)
                for (var i = 0; i < array.Count; i++)
                    Add(string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), array[i]);
            else
                flat[path] = node as JsonValue;
        }
    }

    private static string Text(JsonValue? value) => value?.ToJsonString() ?? "nothing";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
