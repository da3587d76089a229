using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Instructions;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Texts;

/// <summary>IFEval's verdicts are those that its authors published with their program, instruction by instruction.</summary>
public sealed class PublishedInstructionTests
{
    [OutsideTheory("benchmarks/ifeval/first270.eval_results_strict.jsonl")]
    [InlineData("strict")]
    [InlineData("loose")]
    public void Every_published_verdict_is_ours(string way)
    {
        var documents = TaskDocuments.Read(Fixtures.Outside("benchmarks", "ifeval", "input_data.jsonl"), null)
            .ToDictionary(document => document.Text(["prompt"]));
        var (seen, wrong) = (0, new List<string>());
        foreach (var line in File.ReadLines(Fixtures.Outside("benchmarks", "ifeval", $"first270.eval_results_{way}.jsonl")))
        {
            using var published = JsonDocument.Parse(line);
            var document = documents[published.RootElement.GetProperty("prompt").GetString()!];
            var verdicts = InstructionScorer.Score(document, published.RootElement.GetProperty("response").GetString()!);
            var ours = way == "strict" ? verdicts.Strict : verdicts.Loose;
            bool[] theirs = [.. published.RootElement.GetProperty("follow_instruction_list").EnumerateArray()
                .Select(follows => follows.GetBoolean())];
            Assert.Equal(theirs.Length, ours.Count);
            for (var i = 0; i < theirs.Length; i++)
            {
                seen++;
                // Of what is no letter, theirs is the count of a letter drawn at random: one of them follows strictly and not loosely.
                if (ours[i] != theirs[i] && !IsOfNoLetter(document, i))
                    wrong.Add($"{document.Text(["key"])} {verdicts.Ids[i]}: {ours[i]}");
            }
        }
        Assert.Empty(wrong);
        Assert.True(seen > 400, $"{seen} verdicts");
    }

    [OutsideFact("benchmarks/ifeval/input_data.jsonl")]
    public void Every_document_is_understood_and_every_kind_is_asked_for()
    {
        var documents = TaskDocuments.Read(Fixtures.Outside("benchmarks", "ifeval", "input_data.jsonl"), null);
        Assert.True(documents.Count > 500, $"{documents.Count} documents");
        Assert.Equal(InstructionKinds.All.Keys.Order(),
            documents.SelectMany(document => InstructionScorer.Score(document, "Well.").Ids).Distinct().Order());
    }

    private static bool IsOfNoLetter(TaskDocument document, int instruction) =>
        document.Fields.GetProperty("kwargs")[instruction].TryGetProperty("letter", out var letter) && letter.GetString() is "#" or "!";
}
