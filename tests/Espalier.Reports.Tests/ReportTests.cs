using System.Xml.Linq;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;
using Espalier.Tests;

namespace Espalier.Reports.Tests;

public sealed class ReportTests : IDisposable
{
    private const string Hostile = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)> & \"'";
    private readonly SampleRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Report_tells_the_story_in_its_order()
    {
        var page = ReportPage.Parse(_run.Report(_run.Arm("quickstart")));
        string[] expected = ["Lineage", "Shapes", "Training", "Importance", "Evaluation", "Costs", "Using the result", "Recipe and hashes"];
        Assert.Equal(expected, page.Descendants("h2").Select(heading => heading.Value));
        var lead = page.Descendants("p").First(paragraph => (string?)paragraph.Attribute("class") == "lead").Value;
        Assert.Equal(
            "The student has 3.39M parameters, 45.4 % of the teacher's 7.48M; its loss on held-out is 3.108 ± 0.021 nats per token, the "
                + "teacher's 4.105 ± 0.021 (2.871 after correction); "
            + "it generates 374 tokens per second, 1.76 times the teacher's 212 (medians of 5 times 96 tokens).", lead);
    }

    [Fact]
    public void Speeds_whose_measurements_overlap_are_not_compared()
    {
        var arm = _run.Arm("quickstart");
        arm = arm
            with
        {
            Rows = [
                .. arm.Rows.Select(row =>
                    row with { Speed = row.Model == "teacher" ? new(400, 108, 740, 5, 96) : new(262, 188, 844, 5, 96) })]
        };
        var lead = ReportPage.Parse(_run.Report(arm)).Descendants("p")
            .First(paragraph => (string?)paragraph.Attribute("class") == "lead").Value;
        Assert.EndsWith(
            "no difference in generation speed could be measured (student 188 to 844, teacher 108 to 740 tokens per second).", lead);
    }

    [Fact]
    public void Speeds_are_not_compared_where_models_of_one_size_differ_in_them()
    {
        var arm = _run.Arm("quickstart");
        arm = arm
            with
        {
            Rows = [
                .. arm.Rows.Select(row => row with
                {
                    Speed = row.Model switch
                    {
                        "teacher" => new(112, 100, 130, 5, 96),
                        "corrected teacher" => new(1240, 625, 1299, 5, 96),
                        _ => new(2792, 2500, 2900, 5, 96),
                    },
                })]
        };
        var lead = ReportPage.Parse(_run.Report(arm)).Descendants("p")
            .First(paragraph => (string?)paragraph.Attribute("class") == "lead").Value;
        Assert.Contains("the generation speeds say nothing, because models of the same size differ:", lead, StringComparison.Ordinal);
        Assert.DoesNotContain("times the teacher", lead, StringComparison.Ordinal);
    }

    [Fact]
    public void First_table_has_the_four_models_with_their_losses_against_the_teacher()
    {
        var rows = ReportPage.Parse(_run.Report(_run.Arm("quickstart"))).Descendants("tbody").First().Elements("tr").ToArray();
        Assert.Equal(["Teacher", "Corrected teacher", "Pruned, before training", "Student"],
            rows.Select(row => row.Element("th")!.Value.Trim()));
        string[] student = ["3.39M45.4 %", "2.39M37.0 %", "6.47 MiB45.4 %", "3.108 ± 0.021-0.997", "22.4", "1.072", "1.905 ± 0.034+0.603",
            "6.72", "374355 to 385"];
        Assert.Equal(student, rows[3].Elements("td").Select(cell => cell.Value.Replace("\n", "", StringComparison.Ordinal)));
    }

    [Fact]
    public void Intervals_of_few_windows_are_as_wide_as_Students_t_makes_them()
    {
        var arm = _run.Arm("quickstart");
        string[] Row(int? windows) => [.. ReportPage.Parse(_run.Report(arm with
        {
            Rows = [.. arm.Rows.Select(row => row with
            {
                Evaluations = [.. row.Evaluations.Select(evaluation => evaluation with { Windows = windows })],
            })],
        })).Descendants("table").First(table => table.Descendants("th").Any(cell => cell.Value == "Tokens predicted")).Descendants("tr")
            .Last().Elements("td").Select(cell => cell.Value)];
        // t of 3 degrees of freedom is 3.182 at 95 %, the normal's quantile 1.960.
        Assert.Equal(("4", "3.041 to 3.175"), (Row(4)[1], Row(4)[4]));
        Assert.Equal("3.067 to 3.149", Row(null)[4]);
    }

    [Fact]
    public void Arms_stand_in_one_table_with_what_they_share_once()
    {
        var page = ReportPage.Parse(_run.Report(_run.Arm("importance"), _run.Arm("random", 0.4), _run.Arm("random-init", 1.1)));
        var names = page.Descendants("tbody").First().Elements("tr")
            .Select(row => row.Element("th")!.Value.Replace("\n", "", StringComparison.Ordinal));
        string[] expected =
        [
            "Teacherall arms", "Corrected teacherall arms", "Pruned, before trainingimportance", "Studentimportance",
            "Pruned, before trainingrandom", "Studentrandom", "Pruned, before trainingrandom-init", "Studentrandom-init",
        ];
        Assert.Equal(expected, names);
        Assert.Single(page.Descendants("svg"), svg => (string?)svg.Attribute("aria-label") == "distill: loss by step");
        // The correction was done once and so costs once.
        Assert.Single(page.Descendants("tr"),
            row => row.Elements("th").Any(cell => cell.Value.StartsWith("correct", StringComparison.Ordinal)));
    }

    [Fact]
    public void No_text_becomes_markup()
    {
        _run.Recipe = Hostile;
        var arm = _run.Arm("arm");
        _run.Manifest = _run.Manifest
            with
        { Warnings = [Hostile], Refusals = [Hostile], Machine = _run.Manifest.Machine with { Cpu = Hostile } };
        var text = _run.Report(arm with
        {
            Arm = Hostile,
            Student = System.IO.Path.Combine(_run.Path, Hostile),
            Rows = [.. arm.Rows.Select(row =>
                row with { Path = Hostile + row.Model,
                    Evaluations = [.. row.Evaluations.Select(evaluation => evaluation with { Set = Hostile })] })],
            Stages = [.. arm.Stages.Select(stage => stage with { Stage = Hostile, Folder = Hostile })],
            Metrics = new Dictionary<string, string> { [Hostile] = arm.Metrics["distill"] },
        });
        var page = ReportPage.Parse(text);
        Assert.Empty(page.Descendants("script"));
        Assert.Empty(page.Descendants("img"));
        Assert.Contains(Hostile, page.Descendants("pre").Select(pre => pre.Value));
        Assert.DoesNotContain("<script", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Characters_that_markup_lacks_become_replacement_characters()
    {
        _run.Recipe = "a\0b\u0001c\ud800d \ud83c\udf33";
        Assert.Contains("a\ufffdb\ufffdc\ufffdd \ud83c\udf33",
            ReportPage.Parse(_run.Report(_run.Arm("arm"))).Descendants("pre").Select(pre => pre.Value));
    }

    [Fact]
    public void Nothing_outside_the_file_is_asked_for()
    {
        var page = ReportPage.Parse(_run.Report(_run.Arm("arm")));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName is "src" or "href" or "srcset"
            or "action");
        Assert.Empty(page.Descendants("link"));
        var style = page.Descendants("style").Single().Value;
        Assert.DoesNotContain("url(", style, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", style, StringComparison.Ordinal);
        Assert.Equal(-1, style.AsSpan().IndexOfAny('<', '>', '&'));
    }

    [Theory]
    [InlineData("{\"step\":1,\"loss\":3.5,\"gradient_norm\":1,\"learning_rate\":0.001,\"tokens\":64,\"skipped\":false}")]
    [InlineData("{\"step\":1,\"loss\":\"NaN\",\"gradient_norm\":\"Infinity\",\"learning_rate\":\"-Infinity\",\"tokens\":null}")]
    [InlineData("{\"step\":1,\"loss\":1e308,\"gradient_norm\":-1e308}", "{\"step\":2,\"loss\":-1e308,\"gradient_norm\":1e-308}")]
    [InlineData("{\"step\":1,\"loss\":{\"<b>\":[]},\"gradient_norm\":\"<script>\",\"tokens\":\"many\",\"skipped\":\"yes\"}")]
    [InlineData("{\"step\":1,\"held_out_nll\":3.2,\"held_out_nll_se\":\"NaN\"}", "{\"step\":2,\"held_out_nll\":\"NaN\"}")]
    [InlineData("{\"step\":1,\"loss\":2,\"gradient_norm\":0}", "{\"step\":2,\"loss\":2,\"gradient_norm\":0}")]
    [InlineData("{\"step\":9223372036854775807,\"loss\":2}")]
    [InlineData("")]
    [InlineData("not json")]
    public void Metrics_of_any_kind_leave_a_whole_page(params string[] lines)
    {
        var page =
            ReportPage.Parse(
                _run.Report(
                    _run.Arm("arm") with { Metrics = new Dictionary<string, string> { ["distill"] = _run.Lines("odd.jsonl", lines) } }));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName is "d" or "x" or "y" or "x1" or "y1"
            or "cx" or "cy"
            && (attribute.Value.Contains("not", StringComparison.Ordinal) || attribute.Value.Contains("inf", StringComparison.Ordinal)));
    }

    [Fact]
    public void Damaged_metrics_are_drawn_up_to_the_damage_which_is_named()
    {
        var path = _run.Lines("torn.jsonl", "{\"step\":1,\"loss\":3.5,\"tokens\":64}", "{\"step\":2,", "{\"step\":3,\"loss\":3.1}");
        var page = ReportPage.Parse(_run.Report(_run.Arm("arm") with { Metrics = new Dictionary<string, string> { ["distill"] = path } }));
        Assert.Contains(page.Descendants("li"), item => item.Value.Contains("torn.jsonl, line 2", StringComparison.Ordinal));
        Assert.Contains(page.Descendants("h3"), heading => heading.Value == "distill: 1 step");
    }

    [Fact]
    public void Files_that_are_gone_leave_their_sections_out()
    {
        var arm = _run.Arm("arm");
        Directory.Delete(_run.Path, recursive: true);
        Directory.CreateDirectory(_run.Path);
        string[] expected = ["Lineage", "Evaluation", "Costs", "Using the result", "Recipe and hashes"];
        Assert.Equal(expected, ReportPage.Parse(_run.Report(arm)).Descendants("h2").Select(heading => heading.Value));
    }

    [Fact]
    public void Damaged_scores_are_named_and_left_out()
    {
        var arm = _run.Arm("arm");
        File.WriteAllText(arm.Scores!, "{");
        var page = ReportPage.Parse(_run.Report(arm));
        Assert.DoesNotContain("Importance", page.Descendants("h2").Select(heading => heading.Value));
        Assert.Single(page.Descendants("ul").First(list => (string?)list.Attribute("class") == "problems").Elements());
    }

    [Fact]
    public void Without_results_there_is_still_a_page() =>
        Assert.Contains("has not yet produced a student", ReportPage.Parse(_run.Report()).Descendants("p").First().Value,
            StringComparison.Ordinal);

    [Fact]
    public void Paths_inside_the_run_folder_are_relative_and_quoted_for_their_language()
    {
        var arm = _run.Arm("arm")
            with
        {
            Student = System.IO.Path.Combine(_run.Path, "my \"best\" student's"),
            Gguf = [System.IO.Path.Combine(_run.Path, "student-q8_0.gguf")]
        };
        var snippets = ReportPage.Parse(_run.Report(arm)).Descendants("pre").Select(pre => pre.Value).ToArray();
        Assert.Contains("AutoModelForCausalLM.from_pretrained(\"./my \\\"best\\\" student's\")", snippets[0], StringComparison.Ordinal);
        Assert.Equal("llama-cli -m student-q8_0.gguf -no-cnv -p 'Once upon a time'", snippets[1]);
        Assert.StartsWith("espalier generate 'my \"best\" student'\\''s' --prompt", snippets[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_student_without_a_tokenizer_is_given_ids_and_one_that_answers_is_asked()
    {
        var arm = _run.Arm("arm") with { Student = System.IO.Path.Combine(_run.Path, "here") };
        Directory.CreateDirectory(arm.Student);
        string[] Snippets(CompressResult result) =>
            [.. ReportPage.Parse(_run.Report(result)).Descendants("pre").Select(pre => pre.Value)];
        var ids = Snippets(arm);
        Assert.Contains(ids, snippet => snippet.Contains("model.generate(torch.tensor([[1, 2, 3]])", StringComparison.Ordinal));
        Assert.Contains("espalier generate here --ids 1,2,3 --max-tokens 60", ids);
        Assert.DoesNotContain(ids, snippet => snippet.Contains("llama-cli") || snippet.Contains("okenizer"));

        File.WriteAllText(System.IO.Path.Combine(arm.Student, "tokenizer.json"), "{}");
        File.WriteAllText(System.IO.Path.Combine(arm.Student, "chat_template.jinja"), "{{ messages[0]['content'] }}");
        Assert.Contains(Snippets(arm), snippet => snippet.EndsWith(".gguf -no-cnv -p 'Once upon a time'", StringComparison.Ordinal));
        var asked = Snippets(arm with { Aligned = [] });
        Assert.Contains(asked, snippet => snippet.EndsWith(".gguf -p \"What can you do?\"", StringComparison.Ordinal));
        Assert.Contains("espalier chat here", asked);
    }

    [Fact]
    public void Report_of_many_long_arms_stays_below_a_megabyte()
    {
        CompressResult[] arms = [.. Enumerable.Range(0, 6).Select(i => _run.Arm($"arm{i}", 0.1 * i, steps: 6000))];
        Assert.InRange(_run.Report(arms).Length, 10_000, 1_000_000);
    }

    [Fact]
    public void Of_more_arms_than_can_be_told_apart_the_rest_is_left_out_and_said()
    {
        var page = ReportPage.Parse(_run.Report([.. Enumerable.Range(0, 32).Select(i => _run.Arm($"arm{i:00}", 0.01 * i, steps: 3))]));
        var chart = page.Descendants("svg").Single(svg => (string?)svg.Attribute("aria-label") == "distill: gradient norm by step");
        var looks = chart.Descendants("g").Select(line => (string?)line.Attribute("class")).ToArray();
        Assert.Equal((30, 30), (looks.Length, looks.Distinct().Count()));
        Assert.Contains(page.Descendants("p"),
            paragraph => paragraph.Value.StartsWith("Only the first 30 of 32", StringComparison.Ordinal));
    }

    [Fact]
    public void Equal_runs_give_equal_reports()
    {
        var arm = _run.Arm("arm");
        Assert.Equal(_run.Report(arm),
            _run.Report(arm with { Stages = [.. arm.Stages.Select(stage => stage with { Reused = !stage.Reused })] }));
    }
}
