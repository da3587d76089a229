using System.Text.RegularExpressions;
using Espalier.Compression.Data.Sources;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Contamination;
using Espalier.Evaluation.Tasks;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>Which documents share 13 words with a text: against a plain comparison of all rows of words with all others.</summary>
public sealed class ContaminationTests
{
    private const string Twelve = "one two three four five six seven eight nine ten eleven twelve";

    [Theory]
    [InlineData(Twelve + " thirteen", Twelve + " thirteen", true)]
    [InlineData(Twelve + " thirteen", Twelve + " fourteen", false)]
    [InlineData(Twelve, Twelve, false)]
    [InlineData("And " + Twelve + " thirteen, etc.", "x " + Twelve + " thirteen y", true)]
    [InlineData("ONE, two - three (four) \"five\" six; seven\neight\tnine\u00a0ten e-leven twelve. Thirteen!", Twelve + " thirteen", true)]
    [InlineData(Twelve + " dreizehn\u00e4", Twelve + " dreizehn\u00c4", false)]
    [InlineData(Twelve + " \u201cthirteen\u201d", Twelve + " thirteen", false)]
    public void Letter_case_punctuation_and_white_space_do_not_count(string document, string training, bool expected)
    {
        var rows = new SharedRows([document]);
        rows.LookUp(training, "a:1", 0);
        Assert.Equal(expected, rows.Overlaps()[0].IsShared);
    }

    [Fact]
    public void All_rows_of_words_are_compared()
    {
        // Few words, so that rows are shared at many places; documents and texts share stretches of one long text.
        var random = new Random(7);
        string[] words = [.. Enumerable.Range(0, 4000).Select(_ => $"w{random.Next(40)}")];
        string Stretch(int least, int most)
        {
            var from = random.Next(words.Length - most);
            return string.Join(random.Next(2) == 0 ? " " : ", ", words[from..(from + random.Next(least, most))]);
        }
        string[] documents = [.. Enumerable.Range(0, 60).Select(_ => Stretch(5, 40))];
        string[] texts = [.. Enumerable.Range(0, 30).Select(_ => $"{Stretch(5, 60)} own. {Stretch(1, 30).ToUpperInvariant()}")];
        HashSet<string> known = [.. texts.SelectMany(Rows)];

        var rows = new SharedRows(documents);
        // The last text first: where a row is first found is a matter of numbers, not of time.
        foreach (var (i, text) in texts.Index().Reverse())
            Assert.Equal(Words(text).Length, rows.LookUp(text, $"t:{i}", i));
        var overlaps = rows.Overlaps();
        foreach (var (document, overlap) in documents.Zip(overlaps))
        {
            string[] own = [.. Rows(document).Distinct()];
            Assert.Equal((own.Length, own.Count(known.Contains)), (overlap.Rows, overlap.Shared));
            Assert.Equal(own.FirstOrDefault(known.Contains), overlap.Words);
            Assert.Equal(overlap.Words is null ? null : $"t:{Array.FindIndex(texts, text => Rows(text).Contains(overlap.Words))}",
                overlap.Origin);
        }
        Assert.InRange(overlaps.Count(overlap => overlap.IsShared), 5, 55);
        Assert.Contains(overlaps, overlap => overlap.Rows == 0);
    }

    [Fact]
    public void A_training_text_is_read_by_several_threads_as_by_one()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "train.jsonl");
        File.WriteAllLines(file, Enumerable.Range(0, 500).Select(i => $"{{\"text\": \"{i} a {Twelve} thirteen {i % 50} z\"}}"));
        var rows = new SharedRows([.. Enumerable.Range(0, 60).Select(i => $"{Twelve[4..]} thirteen {i} z")]);
        var text = TrainingText.Read(DocumentSource.Parse(file), rows, NullProgress.Instance, default);
        Assert.Equal((500L, 500 * 17L, ""), (text.Texts, text.Words, text.Skipped));
        Assert.Equal(Enumerable.Range(0, 60).Select(i => i < 50 ? $"train.jsonl:{i + 1}" : null),
            rows.Overlaps().Select(overlap => Path.GetFileName(overlap.Origin)));
    }

    [Fact]
    public void What_cannot_be_read_is_said()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "train.parquet");
        File.WriteAllText(file, "none");
        Assert.Contains("train.parquet", Assert.Throws<EspalierException>(() => TrainingText.Read(
            DocumentSource.Parse(file), new SharedRows(["a"]), NullProgress.Instance, default)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("test: a.jsonl\nprompt: \"Question: {q}\\nAnswer:\"\nchoices: \"{c}\"\nanswer: \"1\"", "Q?")]
    [InlineData("test: a.jsonl\nkind: partial\nprompt: \"{s|before-blank}{option}\"\ncontinuation: \"{s|after-blank|strip}\"\n"
        + "choices: \"{c}\"\nanswer: \"1\"", "it  y is")]
    [InlineData("test: a.jsonl\nkind: perplexity\nprompt: \"{q|lower}\"", "q?")]
    public void What_is_compared_is_what_a_question_takes_from_its_document(string keys, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "a.jsonl"), "{\"q\": \"Q?\", \"s\": \"it _ is\", \"c\": [\"x\", \"y\"]}\n");
        File.WriteAllText(Path.Combine(folder.Path, "t.yaml"), keys);
        var task = TaskFile.Read(Path.Combine(folder.Path, "t.yaml"));
        Assert.Equal(expected, task.Kind.TextOf(task, TaskData.Read(task, null, shots: false)[0].Documents[0]));
    }

    [OutsideTheory("benchmarks/mmlu/test")]
    [InlineData("bfcl", 13)]
    [InlineData("gsm8k", 30)]
    [InlineData("hellaswag", 15)]
    [InlineData("humaneval", 30)]
    [InlineData("ifeval", 25)]
    [InlineData("mbpp", 10)]
    [InlineData("mmlu", 30)]
    [InlineData("mtbench", 30)]
    [InlineData("winogrande", 15)]
    public void Each_kind_says_what_it_takes_from_a_document(string name, int words)
    {
        var task = TaskCatalog.Find(name);
        var texts = TaskData.Read(task, Fixtures.Outside("benchmarks"), shots: false).SelectMany(subject => subject.Documents.Take(20))
            .Where(document => name != "bfcl" || document.Fields.GetProperty("question").GetArrayLength() == 1)
            .Select(document => task.Kind.TextOf(task, document)).ToArray();
        Assert.True(texts.Average(text => Words(text).Length) > words, $"{texts.Average(text => Words(text).Length)}: {texts[0]}");
    }

    // The plain way: ASCII punctuation out, A to Z small, split at white space.
    private static string[] Words(string text) => Regex.Replace(text, "[!-/:-@\\[-`{-~]", "").ToLowerInvariant()
        .Split([' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Rows(string text)
    {
        var words = Words(text);
        for (var i = 0; i + ComparedWords.InARow <= words.Length; i++)
            yield return string.Join(' ', words[i..(i + ComparedWords.InARow)]);
    }
}
