using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tasks;

/// <summary>What a model made of the documents of a task, as JSON Lines: one a document.</summary>
internal static class DocumentLines
{
    /// <summary>Writes the lines that <c>--per-document</c> shows.</summary>
    /// <param name="stream">Where to; stays open.</param>
    /// <param name="result">What it made of the task.</param>
    /// <param name="more">Writes what else there is of a document, by its number among all of the task; null for nothing.</param>
    public static void Write(Stream stream, string model, TaskResult result, Action<Utf8JsonWriter, int>? more = null)
    {
        var number = 0;
        Write(stream, result, (json, subject, document) =>
        {
            json.WriteString("model", model);
            json.WriteString("task", result.Task.Name);
            One(json, subject, document);
            more?.Invoke(json, number++);
        });
    }

    /// <summary>Writes the lines that a run keeps, with scores and weights of all metrics.</summary>
    /// <param name="stream">Where to; stays open.</param>
    /// <param name="result">What the model made of the task.</param>
    public static void Keep(Stream stream, TaskResult result) =>
        Write(stream, result, (json, subject, document) =>
        {
            One(json, subject, document);
            json.WriteStartObject("scores");
            foreach (var metric in result.Metrics)
                json.WriteNumber(metric.Name, document.Score(metric.Name));
            json.WriteEndObject();
            if (document.Chance is { } chance)
                json.WriteNumber("chance", chance);
            if (result.Metrics.All(metric => document.Weight(metric.Name) == 1))
                return;
            json.WriteStartObject("weights");
            foreach (var metric in result.Metrics)
                json.WriteNumber(metric.Name, document.Weight(metric.Name));
            json.WriteEndObject();
            json.WriteStartObject("strata");
            foreach (var metric in result.Metrics)
                if (document.Stratum(metric.Name) is var (name, share))
                {
                    json.WriteStartObject(metric.Name);
                    json.WriteNumber(name, share);
                    json.WriteEndObject();
                }
            json.WriteEndObject();
        });

    /// <summary>Reads what <see cref="Keep"/> wrote.</summary>
    /// <exception cref="EspalierException">It is not what was written.</exception>
    public static TaskResult Read(string path, TaskDefinition task, int shots, double seconds)
    {
        var subjects = new List<(string Name, List<DocumentResult> Documents)>();
        foreach (var (i, line) in File.ReadLines(path).Index())
        {
            var (subject, document) = JsonFile.Parse<(string, DocumentResult)>(
                System.Text.Encoding.UTF8.GetBytes(line), $"{path}, line {i + 1}", (root, place) => Kept(root, place, task));
            if (subjects.Count == 0 || subjects[^1].Name != subject)
                subjects.Add((subject, []));
            subjects[^1].Documents.Add(document);
        }
        return subjects.Count > 0
            ? new(task, shots, [.. subjects.Select(subject => new SubjectResult(subject.Name, subject.Documents))], seconds)
            : throw new EspalierException($"{path}: has no documents");
    }

    private static (string, DocumentResult) Kept(JsonElement line, string place, TaskDefinition task)
    {
        var subject = line.TryGetProperty("subject", out var name) ? name.GetString()! : "";
        var document = new TaskDocument(default, place, line.GetProperty("document").GetInt32());
        return (subject, new KeptDocument(document, line.GetProperty("cut").GetInt32(), Numbers("scores")!, Numbers("weights"))
        {
            Strata = line.TryGetProperty("strata", out var strata) ? strata.EnumerateObject().ToDictionary(of => of.Name,
                of => of.Value.EnumerateObject().Select(stratum => new Stratum(stratum.Name, stratum.Value.GetDouble())).Single()) : [],
            KeptChance = line.TryGetProperty("chance", out var chance) ? chance.GetDouble() : null,
        });

        Dictionary<string, double>? Numbers(string key) => line.TryGetProperty(key, out var numbers)
            ? task.Kind.Metrics.ToDictionary(metric => metric.Name, metric => numbers.GetProperty(metric.Name).GetDouble())
            : key == "weights" ? null : throw new EspalierException($"{place}: has no {key}");
    }

    private static void One(Utf8JsonWriter json, string subject, DocumentResult document)
    {
        if (subject.Length > 0)
            json.WriteString("subject", subject);
        json.WriteNumber("document", document.Document.Number);
        document.Write(json);
        json.WriteNumber("cut", document.Cut);
    }

    private static void Write(Stream stream, TaskResult result, Action<Utf8JsonWriter, string, DocumentResult> write)
    {
        foreach (var subject in result.Subjects)
            foreach (var document in subject.Documents)
            {
                using (var json = new Utf8JsonWriter(stream))
                {
                    json.WriteStartObject();
                    write(json, subject.Name, document);
                    json.WriteEndObject();
                }
                stream.WriteByte((byte)'\n');
            }
    }
}
