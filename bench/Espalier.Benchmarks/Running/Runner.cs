using System.Diagnostics;
using System.Text.Json.Serialization;

namespace Espalier.Benchmarks;

/// <summary>Runs bars: each case in a process of its own, then the machine's own speeds; writes the results.</summary>
internal static class Runner
{
    internal static readonly JsonSerializerOptions Json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower
    };

    /// <summary>The exit code: 1 where a case failed, such as by losses that differ.</summary>
    public static int Run(RunOptions options, string commandLine)
    {
        var machine = Machine.Describe();
        var failed = false;
        foreach (var bar in options.Bars)
        {
            var pairs = options.Quick ? options.Pairs : Math.Max(bar.LeastPairs, options.Pairs);
            var result = new BarResult(bar, options.Bars.Count == 1 ? commandLine : $"bench/run {bar.Name}{Settings(options)}", machine);
            foreach (var threads in bar.Threads ?? options.Threads)
            {
                result.References.Add(JsonNode.Parse(Child("references", $"{threads}").Single())!.AsObject());
                foreach (var subject in bar.HasMore && options.Only.Length > 0 ? options.Only : bar.Subjects(options.Quick && options.Only.Length == 0)
                    .Where(subject => options.Only.Length == 0 || options.Only.Contains(subject)))
                {
                    Console.Error.WriteLine($"{bar.Name} {subject}, {threads} thread{(threads == 1 ? "" : "s")}");
                    foreach (var line in Child("case", bar.Name, subject, $"{threads}", $"{pairs}", $"{options.Quick}"))
                        result.Add(line);
                }
            }
            failed |= result.Failures.Count > 0;
            result.Write(options.Output);
            Console.WriteLine(result.Markdown());
        }
        return failed ? 1 : 0;
    }

    /// <summary>Measures one case in this process and prints its rows as JSON lines.</summary>
    public static int RunCase(string barName, CaseInput input)
    {
        try
        {
            foreach (var row in Bars.Find(barName)!.Measure(input))
                Console.WriteLine(JsonSerializer.Serialize(row, Json));
            return 0;
        }
        catch (NotMeasuredException reason)
        {
            Console.WriteLine(
                new JsonObject { ["not_measured"] = reason.Message, ["case"] = input.Subject, ["threads"] = input.Threads }.ToJsonString());
            return 0;
        }
        catch (Exception error) when (error is InvalidOperationException or IOException)
        {
            Console.WriteLine(
                new JsonObject { ["failed"] = error.Message, ["case"] = input.Subject, ["threads"] = input.Threads }.ToJsonString());
            return 1;
        }
    }

    private static string Settings(RunOptions options) =>
        $" --threads {string.Join(',', options.Threads)} --pairs {options.Pairs}{(options.Quick ? " --quick" : "")}"
            + $"{(options.Only.Length > 0 ? " --only " + string.Join(',', options.Only) : "")}";

    private static List<string> Child(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!,
            [typeof(Runner).Assembly.Location, .. arguments])
        { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var lines = new List<string>();
        while (process.StandardOutput.ReadLine() is { } line)
            if (line.StartsWith('{'))
                lines.Add(line);
        process.WaitForExit();
        if (process.ExitCode != 0 && !lines.Exists(line => line.StartsWith("{\"failed\"", StringComparison.Ordinal)))
            lines.Add(
                new JsonObject { ["failed"] = $"{string.Join(' ', arguments)} ended with exit code {process.ExitCode}" }.ToJsonString());
        return lines;
    }
}
