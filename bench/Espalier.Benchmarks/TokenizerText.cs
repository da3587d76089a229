using System.IO.Compression;
using System.Text;

namespace Espalier.Benchmarks;

/// <summary>
/// The text that tokenizers are measured on: 20 MB in documents of about 8 kB, three fifths books, the rest stories, encyclopedia, code
/// and JSON, and short texts of many scripts.
/// Written as one JSON string a line, so that a peer reads the same.
/// </summary>
internal static class TokenizerText
{
    private const int DocumentLength = 8192;

    /// <summary>Writes the text.</summary>
    /// <param name="shared">The folder that holds <c>text</c>, <c>benchmarks</c> and <c>oracles</c>.</param>
    /// <param name="output">The file to write.</param>
    public static void Write(string shared, string output)
    {
        string At(string path) => Path.Combine(shared, path);
        var hard = new StringBuilder();
        foreach (var cases in Directory.GetFiles(At("oracles/tokenizers-hf"), "*cases.jsonl", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
            foreach (var line in File.ReadLines(cases))
                using (var json = JsonDocument.Parse(line))
                    if (json.RootElement.TryGetProperty("text", out var text) && text.GetString() is { Length: < 2000 } written)
                        hard.Append(written).Append('\n');
        var many = string.Concat(Enumerable.Repeat(hard.ToString(), 1 + 1_000_000 / hard.Length));
        using var writer = new StreamWriter(output, append: false, new UTF8Encoding(false));
        Add(writer, Books(At("text/books.jsonl.gz")), 12_000_000);
        Add(writer, File.ReadAllText(At("text/tinystories.txt")), 2_000_000);
        Add(writer, File.ReadAllText(At("text/wiki.test.tokens")), 1_200_000);
        Add(writer, Code(At("benchmarks")), 3_800_000);
        Add(writer, many, 1_000_000);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static string[] Read(string path) => [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<string>(line)!)];

    private static string Books(string path)
    {
        var text = new StringBuilder();
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        while (text.Length < 12_000_000 && reader.ReadLine() is { } line)
            using (var json = JsonDocument.Parse(line))
                // A part of each, for the sake of variety.
                text.Append(json.RootElement.GetProperty("text").GetString() is { } book ? book.AsSpan(0, Math.Min(book.Length, 200_000))
                    : "");
        return text.ToString();
    }

    private static string Code(string folder) => string.Concat(
        new[] { "bfcl", "humaneval", "mbpp", "gsm8k", "mmlu" }
            .SelectMany(name => Directory.GetFiles(Path.Combine(folder, name), "*.json*", SearchOption.AllDirectories))
            .Where(path => !path.EndsWith(".gz", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(path => File.ReadAllText(path)));

    private static void Add(StreamWriter writer, string text, int most)
    {
        var end = Math.Min(text.Length, most);
        for (int start = 0, next; start < end; start = next)
        {
            next = Math.Min(start + DocumentLength, end);
            if (next < text.Length && char.IsLowSurrogate(text[next]))
                next++;
            writer.WriteLine(JsonSerializer.Serialize(text[start..Math.Min(next, text.Length)]));
        }
    }
}
