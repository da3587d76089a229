using System.Text;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Code;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Sampling;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Code;

/// <summary>HumanEval and MBPP: what their own solutions and samples are judged to be.</summary>
public sealed class CodeTests
{
    private static readonly TaskDefinition s_humanEval = TaskCatalog.Find("humaneval"), s_mbpp = TaskCatalog.Find("mbpp");

    [OutsideSandboxFact("benchmarks/humaneval/example_samples.jsonl")]
    public void Samples_of_HumanEval_are_judged_as_it_publishes()
    {
        var problems = TaskDocuments.Read(Fixtures.Outside("benchmarks", "humaneval", "example_problem.jsonl"), null);
        (TaskDocument, string)[] samples =
        [
            .. TaskDocuments.Read(Fixtures.Outside("benchmarks", "humaneval", "example_samples.jsonl"), null).Select(sample =>
                (problems.Single(problem => CodeSamples.IdOf(problem) == CodeSamples.IdOf(sample)), sample.Text(["completion"]))),
        ];
        var judge = new CodeJudge(Sandbox.Open(new()));
        var verdicts = judge.Judge((CodeKind)s_humanEval.Kind, samples, "t", NullProgress.Instance);
        // Its README: pass@1 is 0.5. What starts a command, what sleeps for ten seconds, what asks; then three spellings of what is
        // right.
        Assert.Equal(
            [ProgramOutcome.Failed, ProgramOutcome.TimedOut, ProgramOutcome.Failed, ProgramOutcome.Passed, ProgramOutcome.Passed,
                ProgramOutcome.Passed], verdicts.Select(verdict => verdict.Outcome));
        Assert.Equal(0.5, PassAtK.Of(verdicts.Count, verdicts.Count(verdict => verdict.IsPassed), 1), 1e-12);
    }

    [OutsideSandboxFact("benchmarks/humaneval/HumanEval.jsonl.gz")]
    public void Solutions_of_HumanEval_pass_and_those_of_other_problems_fail()
    {
        var kind = (CodeKind)s_humanEval.Kind;
        var documents = Documents(s_humanEval);
        Assert.Equal(164, documents.Count);
        var judge = new CodeJudge(TestSandbox.Instance);
        TaskDocument[] some = [.. documents.Where((_, i) => i % LongRun.Times(8, 1) == 0)];
        var right = judge.Judge(kind, [.. some.Select(document => (document, document.Text(["canonical_solution"])))], "t",
            NullProgress.Instance);
        Assert.All(some.Zip(right), pair => Assert.True(pair.Second.IsPassed, $"{pair.First.Place}: {pair.Second}"));
        var wrong = judge.Judge(kind, [.. documents.Take(LongRun.Times(4, 40)).Select(document => (document, "    return None\n"))], "t",
            NullProgress.Instance);
        Assert.All(wrong, verdict => Assert.Equal(ProgramOutcome.Failed, verdict.Outcome));
    }

    [OutsideFact("benchmarks/mbpp/mbpp.jsonl")]
    public void Prompts_of_MBPP_are_those_of_the_harness()
    {
        var documents = Documents(s_mbpp);
        Assert.Equal((500, "11", "510"), (documents.Count, CodeSamples.IdOf(documents[0]), CodeSamples.IdOf(documents[^1])));
        var subject = Assert.Single(TaskData.Read(s_mbpp, Fixtures.Outside("benchmarks"), shots: true));
        var prompt = GeneratedPrompts.Of(s_mbpp, subject, 3, 1)[0];
        Assert.Equal((4, 3, 1), (prompt.Text.Split("[BEGIN]\n").Length - 1, prompt.Text.Split("\n[DONE]\n\n").Length - 1,
            prompt.Text.Split("\r\n").Length > 5 ? 1 : 0));
        Assert.EndsWith("\n[BEGIN]\n", prompt.Text, StringComparison.Ordinal);
    }

    [OutsideSandboxFact("benchmarks/mbpp/mbpp.jsonl")]
    public void Solutions_of_MBPP_pass_but_for_the_one_whose_set_up_the_harness_leaves_out()
    {
        var documents = Documents(s_mbpp);
        var judge = new CodeJudge(TestSandbox.Instance);
        TaskDocument[] some = [.. documents.Where((document, i) => i % LongRun.Times(25, 1) == 0 || CodeSamples.IdOf(document) == "367")];
        var verdicts = judge.Judge((CodeKind)s_mbpp.Kind, [.. some.Select(document => (document, document.Text(["code"])))], "t",
            NullProgress.Instance);
        Assert.Equal(["367: NameError: name 'root' is not defined"], some.Zip(verdicts).Where(pair => !pair.Second.IsPassed)
            .Select(pair => $"{CodeSamples.IdOf(pair.First)}: {pair.Second.Reason}"));
    }

    [Fact]
    public void Samples_are_written_as_the_program_of_HumanEval_reads_them()
    {
        using var stream = new MemoryStream();
        CodeSamples.Write(stream, [new("a/0", "    return \"\n\""), new("a/1", "")]);
        Assert.Equal("{\"task_id\":\"a/0\",\"completion\":\"    return \\u0022\\n\\u0022\"}\n{\"task_id\":\"a/1\",\"completion\":\"\"}\n",
            Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Fact]
    public void The_program_is_the_prompt_what_was_written_and_the_tests() => Assert.Equal(
        "def f():\n    return 1\ndef check(g): assert g()\ncheck(f)",
        ((CodeKind)s_humanEval.Kind).ProgramOf(new(JsonSerializer.SerializeToElement(new Dictionary<string, string>
        {
            ["prompt"] = "def f():\n",
            ["test"] = "def check(g): assert g()",
            ["entry_point"] = "f",
        }), "here", 0), "    return 1"));

    private static IReadOnlyList<TaskDocument> Documents(TaskDefinition task) =>
        Assert.Single(TaskData.Read(task, Fixtures.Outside("benchmarks"), shots: false)).Documents;
}
