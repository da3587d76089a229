using System.Security.Cryptography;
using System.Text;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>
/// Prompts of whole benchmarks, byte for byte: against hashes that tests/golden/generators/prompts.py made by the harness's rules.
/// </summary>
public sealed class PromptTests
{
    // What the generator puts before TruthfulQA's questions, for the benchmark's own text is in no file of it.
    private const string Preamble = "Q: Is water wet?\nA: It is.\n\nQ: Who wrote this?\nA: A test did.\n";

    private static readonly JsonElement s_golden =
        JsonDocument.Parse(File.ReadAllBytes(Fixtures.Golden("prompts", "prompts.json"))).RootElement;

    [OutsideFact("benchmarks/mmlu/test")]
    public void All_subjects_of_mmlu_are_asked_with_their_five_shots()
    {
        var subjects = ChoicePrompts.Of(TaskCatalog.Find("mmlu"), new(Fixtures.Outside("benchmarks")));
        var expected = s_golden.GetProperty("mmlu").EnumerateObject().ToArray();
        Assert.Equal(57, expected.Length);
        Assert.Equal(expected.Select(subject => subject.Name), subjects.Select(subject => subject.Subject));
        foreach (var (golden, (subject, prompts)) in expected.Zip(subjects))
            AssertSame(golden.Value, [.. prompts.SelectMany(Pairs)], subject);
    }

    [OutsideTheory("benchmarks/gsm8k/test.jsonl")]
    [InlineData("arc_easy")]
    [InlineData("openbookqa")]
    [InlineData("piqa")]
    [InlineData("social_iqa")]
    [InlineData("hellaswag")]
    [InlineData("truthfulqa_mc1")]
    [InlineData("truthfulqa_mc2")]
    [InlineData("gsm8k")]
    public void Every_document_is_asked_with_its_shots(string name)
    {
        using var folder = new TemporaryFolder();
        foreach (var benchmark in Directory.GetDirectories(Fixtures.Outside("benchmarks")))
            if (Path.GetFileName(benchmark) != "truthfulqa")
                Directory.CreateSymbolicLink(Path.Combine(folder.Path, Path.GetFileName(benchmark)), benchmark);
        Directory.CreateDirectory(Path.Combine(folder.Path, "truthfulqa"));
        File.Copy(Fixtures.Outside("benchmarks", "truthfulqa", "TruthfulQA.csv"),
            Path.Combine(folder.Path, "truthfulqa", "TruthfulQA.csv"));
        File.WriteAllText(Path.Combine(folder.Path, "truthfulqa", "preamble.txt"), Preamble);

        var golden = s_golden.GetProperty("tasks").EnumerateArray().Single(task => task.GetProperty("task").GetString() == name);
        var task = TaskCatalog.Find(name);
        var settings = new TaskSettings(folder.Path, golden.GetProperty("shots").GetInt32());
        if (task.Kind is not GeneratedKind)
            AssertSame(golden, [.. ChoicePrompts.Of(task, settings).SelectMany(subject => subject.Prompts).SelectMany(Pairs)], name);
        else
            AssertSame(golden, [.. GeneratedPrompts.Of(task, Assert.Single(TaskData.Read(task, folder.Path, shots: true)),
                settings.Shots!.Value).Select(prompt => new[] { prompt.Text })], name);
    }

    private static IEnumerable<string[]> Pairs(ChoicePrompt prompt) =>
        prompt.Pairs.Select(pair => new[] { pair.Context, pair.Continuation });

    private static void AssertSame(JsonElement golden, string[][] pairs, string name)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in pairs.SelectMany(pair => pair))
            sha.AppendData([.. Encoding.UTF8.GetBytes(part), 0]);
        Assert.Equal((name, golden.GetProperty("pairs").GetInt32(), golden.GetProperty("sha256").GetString()),
            (name, pairs.Length, Convert.ToHexStringLower(sha.GetHashAndReset())));
    }
}
