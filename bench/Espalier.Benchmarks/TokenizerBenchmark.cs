using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Espalier.Models.Tokenizers;

namespace Espalier.Benchmarks;

/// <summary>
/// A tokenizer over many documents, against Hugging Face's library. Each side starts a process a pair, so that the first pass is cold in
/// every sense: no word was seen, and
/// our code is not compiled. The ids must be the same.
/// </summary>
internal static class TokenizerBenchmark
{
    private static readonly (string Name, string Unit)[] s_repeated =
    [
        ("e", "e"), ("space", " "), ("digit", "7"), ("newline", "\n"), ("mark", "e\u0301\u0301"), ("emoji", "\U0001F600"),
        ("han", "\u4E2D"),
        ("upper", "A"), ("quote", "'"), ("tabs", "\t "),
    ];

    /// <summary>
    /// One side: passes over the text in this process, a line each. The texts of one letter come last, as a multiple of the time of the
    /// same length of prose.
    /// </summary>
    public static void Passes(string tokenizerFile, string textFile, int threads, int passes, Action<string> print)
    {
        var documents = TokenizerText.Read(textFile);
        var length = documents.Sum(Encoding.UTF8.GetByteCount);
        var tokenizer = Tokenizer.Load(tokenizerFile);
        for (var number = 0; number < passes; number++)
        {
            if (number == 1)
                tokenizer = Tokenizer.Load(tokenizerFile); // compiled code, empty cache
            var ids = new int[documents.Length][];
            var (started, used, allocated) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
            Encode(tokenizer, documents, threads, ids);
            var (seconds, processor) =
                (Stopwatch.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
            var bytes = GC.GetTotalAllocatedBytes() - allocated;
            var tokens = ids.Sum(document => (long)document.Length);
            print(JsonSerializer.Serialize(new
            {
                @event = "pass",
                number,
                seconds,
                processor,
                bytes = length,
                tokens,
                allocated_bytes_beyond_ids = bytes - 4 * tokens,
                sha256 = Sha256(ids),
            }));
        }
        foreach (var (name, text) in OneLetter())
        {
            var (started, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var tokens = tokenizer.Encode(text, addSpecialTokens: false).Length;
            var (seconds, processor) =
                (Stopwatch.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
            print(JsonSerializer.Serialize(
                new { @event = "letter", name, seconds, processor, bytes = Encoding.UTF8.GetByteCount(text), tokens }));
        }
    }

    /// <summary>The lines of both sides, which take turns; a process each.</summary>
    public static (List<JsonObject[]> Own, List<JsonObject[]> Peer) Pairs(string tokenizerFile, string textFile, int pairs, int threads,
        string[] peer)
    {
        var program = typeof(TokenizerBenchmark).Assembly.Location;
        string[] mine = [Environment.ProcessPath!, program, "tokenizer-passes", tokenizerFile, textFile, $"{threads}", "3"];
        var (own, other) = (new List<JsonObject[]>(), new List<JsonObject[]>());
        for (var pair = 0; pair < pairs; pair++)
            foreach (var (list, command) in pair % 2 == 0 ? [(own, mine), (other, peer)] : new[] { (other, peer), (own, mine) })
                list.Add(Lines(command));
        foreach (var line in own.Concat(other).SelectMany(lines => lines).Where(line => (string?)line["event"] == "pass"))
            if ((string?)line["sha256"] != (string?)other[0][0]["sha256"])
                throw new InvalidOperationException($"the ids differ: {line.ToJsonString()} against {other[0][0].ToJsonString()}");
        return (own, other);
    }

    private static void Encode(Tokenizer tokenizer, string[] documents, int threads, int[][] ids) =>
        Parallel.For(
            0, documents.Length, new() { MaxDegreeOfParallelism = threads },
            i => ids[i] = tokenizer.Encode(documents[i], addSpecialTokens: false));

    private static IEnumerable<(string Name, string Text)> OneLetter()
    {
        const int length = 1_000_000;
        foreach (var (name, unit) in s_repeated)
            yield return (name, string.Concat(Enumerable.Repeat(unit, length / unit.Length)));
        yield return ("marks", "e" + string.Concat(Enumerable.Repeat("\u0301\u0316", length / 2)));
    }

    private static string Sha256(int[][] ids)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var document in ids)
        {
            var bytes = new byte[4 * document.Length + 4];
            for (var i = 0; i <= document.Length; i++)
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), i < document.Length ? document[i] : -1);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static JsonObject[] Lines(string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        var lines = process.StandardOutput.ReadToEnd().Split('\n').Where(line => line.StartsWith('{'))
            .Select(line => JsonNode.Parse(line)!.AsObject()).ToArray();
        process.WaitForExit();
        return process.ExitCode == 0 ? lines
            : throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}");
    }
}
