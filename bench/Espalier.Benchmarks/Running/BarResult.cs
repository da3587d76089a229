using System.Text;

namespace Espalier.Benchmarks;

/// <summary>The rows of a bar, as JSON and as Markdown.</summary>
internal sealed class BarResult(Bar bar, string command, JsonObject machine)
{
    private readonly List<Row> _rows = [];
    private readonly List<(string Where, string Reason)> _notMeasured = [];

    public List<JsonObject> References { get; } = [];

    public List<string> Failures { get; } = [];

    /// <summary>A line that a case printed.</summary>
    public void Add(string line)
    {
        var json = JsonNode.Parse(line)!.AsObject();
        if (json["failed"] is { } failure)
            Failures.Add($"{json["case"]}, {json["threads"]} threads: {failure}");
        else if (json["not_measured"] is { } reason)
            _notMeasured.Add(($"{json["case"]}, {json["threads"]} threads", $"{reason}"));
        else
            _rows.Add(json.Deserialize<Row>(Runner.Json)!);
    }

    public void Write(string output)
    {
        var folder = Path.Combine(output, Machine.Folder);
        Directory.CreateDirectory(folder);
        var json = new JsonObject
        {
            ["bar"] = bar.Name,
            ["what"] = bar.What,
            ["against"] = bar.Against,
            ["must"] = bar.Must,
            ["command"] = command,
            ["machine"] = machine.DeepClone(),
            ["references"] = new JsonArray([.. References.Select(reference => (JsonNode)reference.DeepClone())]),
            ["rows"] = JsonSerializer.SerializeToNode(_rows, Runner.Json),
            ["failures"] = new JsonArray([.. Failures.Select(failure => (JsonNode)failure)]),
            ["not_measured"] = new JsonArray([.. _notMeasured.Select(entry => (JsonNode)$"{entry.Where}: {entry.Reason}")]),
        };
        File.WriteAllText(Path.Combine(folder, bar.Name + ".json"),
            json.ToJsonString(
                new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
        File.WriteAllText(Path.Combine(folder, bar.Name + ".md"), Markdown());
    }

    public string Markdown()
    {
        var text = new StringBuilder();
        Line($"# {bar.Name}: {bar.What}\n\nAgainst: {bar.Against}. Must be: {bar.Must}.\n\n    {command}\n");
        Line($"{machine["date"]}, {machine["processor"]} (family {machine["family"]}, model {machine["model"]}), {machine["processors"]} processors, {machine["vector_units"]}, .NET {machine["dotnet"]}, commit {machine["commit"]}, load {machine["load_at_start"]}.\n");
        foreach (var r in References)
            Line($"- {r["threads"]} thread(s), libtorch {r["libtorch"]}: product of 2048³ {r["product_2048_gflops"]} GFLOP/s by the clock, {r["product_2048_gflops_processor"]} in processor time; reading {r["read_gb_per_second"]} GB/s; disk {r["disk_write_fsync_mb_per_second"]} MB/s with fsync");
        Line($"\n| case | threads | quantity | by the clock | in processor time | peer's spread | must | verdict by the clock | in processor time | |\n|---|---|---|---|---|---|---|---|---|---|");
        foreach (var row in _rows)
            Line($"| {row.Case} | {row.Threads} | {row.Quantity} | {Cell(row.Value ?? row.Wall)} | {Cell(row.Processor)} | {row.PeerSpread:0.00}{(row.PeerSpreadProcessor is { } cpu ? $", {cpu:0.00}" : "")} | {Must(row)} | {row.Verdict} | {row.VerdictProcessor} | {row.Note} |");
        foreach (var failure in Failures)
            Line($"\n**Failed**: {failure}");
        foreach (var entries in _notMeasured.GroupBy(entry => entry.Reason))
            Line($"\n**Not measured** ({string.Join("; ", entries.Select(entry => entry.Where))}): {entries.Key}");
        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Must(Row row) =>
        FormattableString.Invariant($"{(row.AtLeast is { } least ? $">= {least}" : "")}{(row.AtMost is { } most ? $"<= {most}" : "")}");

    private static string Cell(Quantiles? value) =>
        value is null ? "" : value.P20 == value.P80 ? FormattableString.Invariant($"{value.Median}")
            : FormattableString.Invariant($"**{value.Median}** ({value.P20} to {value.P80})");
}
