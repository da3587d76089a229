namespace Espalier.Benchmarks;

/// <summary>
/// P9: a tokenizer over 20 MB of mixed text against Hugging Face's library, each pass in new processes, the order swapped in every second
/// pair; the ids must be the same. Cold is the first pass of a process, warm a later one. Runs of one character are a multiple of a warm
/// pass over prose of as many bytes, both by one thread's work.
/// </summary>
internal static class TokenizerCase
{
    /// <summary>The tokenizers: that of the bundled teacher, and GPT-2's vocabulary of 50,257.</summary>
    public static IEnumerable<string> Subjects(bool quick) => quick ? ["gpt2"] : ["gpt2", "bundled"];

    public static IEnumerable<Row> Run(CaseInput input)
    {
        var shared = Path.GetFullPath("../shared");
        var system = PeerSystem.Find().FirstOrDefault()
            ?? throw new NotMeasuredException(
                "no peer system: bench/peer-system FOLDER makes one (then ESPALIER_PEER_ROOT=FOLDER); python3-tokenizers is needed in it");
        var work = Directory.CreateTempSubdirectory("espalier-bench-").FullName;
        try
        {
            var (tokenizer, text) = (Path.Combine(work, "tokenizer.json"), Path.Combine(work, "text.jsonl"));
            if (input.Subject == "bundled")
                File.Copy("models/quickstart-teacher/tokenizer.json", tokenizer);
            else
                File.WriteAllText(tokenizer, Gpt2(Path.Combine(shared, "oracles/tokenizer-cases")));
            TokenizerText.Write(shared, text);
            string[] options = ["--tokenizer", "WORK/tokenizer.json", "--text", "WORK/text.jsonl", "--threads", $"{input.Threads}"];
            var peer = system.Command("Hugging Face tokenizers", "tokenize_text.py", work, [], options);
            return [.. Rows(input,
                TokenizerBenchmark.Pairs(tokenizer, text, input.Pairs, input.Threads, [peer.Program, .. peer.Arguments]))];
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static IEnumerable<Row> Rows(CaseInput input, (List<JsonObject[]> Own, List<JsonObject[]> Peer) runs)
    {
        var (own, peer) = runs;
        yield return Ratio("cold: peer / own", 0, 0, 5);
        yield return Ratio("warm: peer / own", 2, 1, null);
        foreach (var name in own[0].Where(line => (string?)line["event"] == "letter").Select(line => (string)line["name"]!))
            yield return new()
            {
                Case = input.Subject,
                Threads = input.Threads,
                Quantity = $"a million of '{name}' / prose of as many bytes",
                Processor = Quantiles.Of(own.Select(lines => Slowness(lines, name))),
                AtMost = name == "e" ? 3 : null,
            };

        Row Ratio(string quantity, int mine, int theirs, double? least) => new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = quantity,
            Wall = Quantiles.Of(own.Zip(peer, (a, b) => (double)b[theirs]["seconds"]! / (double)a[mine]["seconds"]!)),
            Processor = Quantiles.Of(own.Zip(peer, (a, b) => (double)b[theirs]["processor"]! / (double)a[mine]["processor"]!)),
            PeerSpread = Quantiles.Of(peer.Select(lines => (double)lines[theirs]["seconds"]!)).Spread,
            PeerSpreadProcessor = Quantiles.Of(peer.Select(lines => (double)lines[theirs]["processor"]!)).Spread,
            AtLeast = least,
            Note = $"tokenizers {peer[0][0]["version"]}",
            Details = new() { ["own"] = own[0][mine].DeepClone(), ["peer"] = peer[0][theirs].DeepClone() },
        };
    }

    private static double Slowness(JsonObject[] lines, string name)
    {
        var letter = lines.Single(line => (string?)line["name"] == name);
        var prose = lines[2];
        return (double)letter["processor"]! / (double)letter["bytes"]! / ((double)prose["processor"]! / (double)prose["bytes"]!);
    }

    private static string Gpt2(string folder) => new JsonObject
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(),
        ["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = true,
            ["use_regex"] = true
        },
        ["decoder"] = new JsonObject
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = true,
            ["use_regex"] = true
        },
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["vocab"] = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "gpt2_vocab.json"))),
            ["merges"] = JsonSerializer.SerializeToNode(
                File.ReadLines(Path.Combine(folder, "gpt2_merges.txt"))
                    .Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))),
        },
    }.ToJsonString();
}
