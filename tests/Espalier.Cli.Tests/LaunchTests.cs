using System.Diagnostics;
using System.Text.RegularExpressions;
using Espalier.Cli.Tests.Survival;

namespace Espalier.Cli.Tests;

public sealed class LaunchTests
{
    [Fact]
    public void A_list_of_words_is_broken_between_them_and_has_each_value_once()
    {
        var lines = TestCommand.Launch("export --help").Output.Split('\n');
        Assert.Contains(lines, line => line.StartsWith("  <hf|f32|f16|bf16|q8_0|q6_k|q5_k_m|", StringComparison.Ordinal)
            && line.Split("  ", StringSplitOptions.RemoveEmptyEntries)[0].EndsWith('|'));
        Assert.DoesNotContain(lines, line => line.Contains("gguf-q8_0|", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_command_the_commands_are_listed()
    {
        var (code, output, error) = TestCommand.Launch("");
        Assert.Equal(0, code);
        Assert.Contains("doctor", output);
        Assert.Empty(error);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void Too_few_files_that_may_be_open_are_said_before_anything_fails_on_them(int most)
    {
        using var process = Process.Start(new ProcessStartInfo("bash",
            ["-c", $"ulimit -n {most}; exec dotnet '{Path.Combine(AppContext.BaseDirectory, "espalier.dll")}' doctor"])
        {
            RedirectStandardError = true,
        })!;
        Assert.Equal($"espalier: error: only {most} files may be open at once, and at least 100 are needed; raise that, as with "
            + "ulimit -n 1024\n", process.StandardError.ReadToEnd());
        process.WaitForExit();
        Assert.Equal(2, process.ExitCode);
    }

    [Fact]
    public void An_unknown_command_names_the_nearest_one()
    {
        var (code, output, error) = TestCommand.Launch("doctr --json");
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Equal("espalier: error: there is no command doctr. Did you mean doctor? (see: espalier --help)\n", error);
    }

    [Fact]
    public void An_unknown_option_names_the_nearest_one()
    {
        var (code, _, error) = TestCommand.Launch("work --stesp 3");
        Assert.Equal(2, code);
        Assert.Equal("espalier: error: there is no option --stesp. Did you mean --steps? (see: espalier work --help)\n", error);
    }

    [Fact]
    public void The_options_of_the_whole_program_are_named_too()
    {
        var (code, _, error) = TestCommand.Launch("work --verbos");
        Assert.Equal(2, code);
        Assert.Contains("Did you mean --verbose?", error);
    }

    [Fact]
    public void An_option_that_resembles_nothing_gets_no_suggestion()
    {
        var (code, _, error) = TestCommand.Launch("work --quantisation 3");
        Assert.Equal(2, code);
        Assert.DoesNotContain("Did you mean", error);
        Assert.Contains("there is no option --quantisation; work has --", error);
    }

    [Theory]
    [InlineData("work --steps many", "'many'", "a whole number")]
    [InlineData("work --steps", "--steps", "missing")]
    [InlineData("work left-over", "left-over", "work")]
    public void Wrong_values_are_wrong_usage(string line, string first, string second)
    {
        var (code, output, error) = TestCommand.Launch(line);
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.StartsWith("espalier: error: ", error);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.Contains(first, error);
        Assert.Contains(second, error);
    }

    [Theory]
    [InlineData("compress", "compress needs RECIPE: recipe files; several share ")]
    [InlineData("compare-runs a", "compare-runs needs B: what A is compared with, of the same kind (see: ")]
    [InlineData("distill a b c", "distill needs --output FOLDER: Hugging Face folder to write")]
    [InlineData("bench", "bench needs MODEL: ")]
    public void What_is_missing_is_named_with_what_it_is(string line, string expected)
    {
        var (code, _, error) = TestCommand.Launch(line);
        Assert.Equal(2, code);
        Assert.StartsWith($"espalier: error: {expected}", error);
    }

    [Fact]
    public void Wrong_usage_does_not_begin_the_work()
    {
        var begun = false;
        _ = TestCommand.Launch("work --stepps 3", _ => { begun = true; return 0; });
        Assert.False(begun);
    }

    [Theory]
    [InlineData("status", "status [<RUN>] [options]")]
    [InlineData("compress", "compress <RECIPE>... [options]")]
    [InlineData("plan", "plan <RECIPE> [options]")]
    [InlineData("inspect", "inspect <PATH> [options]")]
    public void Usage_names_arguments_as_the_list_below_it_does(string command, string usage)
    {
        var output = TestCommand.Launch($"{command} --help").Output;
        Assert.Contains($" {usage}\n", output);
        Assert.Contains($"\n  {Regex.Match(usage, "<[A-Z]+>").Value}  ", output);
    }

    [Fact]
    public void Names_and_texts_of_help_are_two_blanks_apart() => Assert.All(
        TestCommand.Launch("--help").Output.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' '),
        line => Assert.Matches("^  [^ ]+(, [^ ]+)*  +[A-Z]", line));

    [Theory]
    [InlineData("status", "RUN is empty: give a file or folder, or leave it out (see: espalier status --help)")]
    [InlineData("runs", "FOLDER is empty: give a folder, or leave it out (see: espalier runs --help)")]
    [InlineData("report", "RUN is empty: give a file or folder (see: espalier report --help)")]
    public void An_empty_name_of_a_place_is_refused_as_that(string command, string error)
    {
        var (code, output, says) = TestCommand.LaunchWith(command, "");
        Assert.Equal((2, "", $"espalier: error: {error}\n"), (code, output, says));
    }

    [Fact]
    public void Help_ends_with_the_examples()
    {
        var (code, output, _) = TestCommand.Launch("work --help");
        Assert.Equal(0, code);
        Assert.Contains("--json", output);
        Assert.Contains("Example:\n  espalier work --steps 3\n", output);
    }

    [Fact]
    public void Help_is_at_most_100_wide_and_breaks_no_quotes_of_an_example()
    {
        var (_, output, _) = TestCommand.Launch("align --help");
        Assert.All(output.Split('\n'), static line => Assert.InRange(line.Length, 0, 100));
        Assert.Contains(" \\\n    ", output);
        Assert.Contains("--rollout-length \"8 to 24\"", output.Replace(" \\\n    ", " ", StringComparison.Ordinal));
        Assert.DoesNotContain("\u00a0", output);
    }

    [Fact]
    public void Help_is_a_command_too_and_shows_the_same()
    {
        Assert.Equal(TestCommand.Launch("prune --help"), TestCommand.Launch("help prune"));
        Assert.Equal(TestCommand.Launch("--help"), TestCommand.Launch("help"));
        Assert.Equal(TestCommand.Launch("--help"), TestCommand.Launch(""));
    }

    [Fact]
    public void Help_of_an_unknown_command_names_the_nearest_one()
    {
        var (code, output, error) = TestCommand.Launch("help prnue");
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Equal("espalier: error: there is no command prnue. Did you mean prune? (see: espalier --help)\n", error);
    }

    [Fact]
    public void Help_lists_each_command_once_below_its_group()
    {
        var lines = TestCommand.Launch("--help").Output.Split('\n');
        Assert.All(lines, line => Assert.True(line.Length <= 140, line));
        var heading = "";
        var found = new Dictionary<string, string>();
        foreach (var line in lines)
            if (line.EndsWith(':') && !line.StartsWith(' '))
                heading = line.TrimEnd(':');
            else if (line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' ' && line[2] != '-')
                found.Add(line.Trim().Split(' ')[0], heading);
        Assert.All(Cli.Commands.CommandList.All(), command =>
        {
            Assert.NotEmpty(command.Group);
            Assert.Equal(command.Group, found[command.Name]);
        });
    }

    [Fact]
    public void Help_as_json_has_every_option_with_its_choices()
    {
        var facts = JsonDocument.Parse(TestCommand.Launch("help prune --json").Output).RootElement.GetProperty("commands")[0];
        var depth = facts.GetProperty("options").EnumerateArray().Single(option => option.GetProperty("name").GetString() == "--depth");
        Assert.Equal(["contiguous", "scattered", "greedy"],
            depth.GetProperty("choices").EnumerateArray().Select(choice => choice.GetString()));
        Assert.Equal(Cli.Commands.CommandList.All().Count + 1,
            JsonDocument.Parse(TestCommand.Launch("help --json").Output).RootElement.GetProperty("commands").GetArrayLength());
    }

    [Fact]
    public void Every_output_has_the_short_name_o()
    {
        var outputs = Cli.Commands.CommandList.All().SelectMany(command => command.Options.Where(option => option.Name == "--output"))
            .ToArray();
        Assert.True(outputs.Length >= 10);
        Assert.All(outputs, option => Assert.Contains("-o", option.Aliases));
    }

    [Fact]
    public void Every_command_has_a_description_and_an_example_that_it_understands()
    {
        Assert.All(Cli.Commands.CommandList.All(), command =>
        {
            Assert.NotEmpty(command.Description!);
            Assert.NotEmpty(command.Examples);
            Assert.All(command.Examples, example => Assert.StartsWith($"espalier {command.Name}", example));
            Assert.All(command.Examples,
                example =>
                    Assert.Empty(
                        command.Parse(
                            [.. System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(example.Split('|', '>', '<')[0])
                                .Skip(2)]).Errors));
        });
    }

    [Fact]
    public void The_exit_code_is_that_of_the_work()
    {
        Assert.Equal(0, TestCommand.Launch("work").Code);
        Assert.Equal(1, TestCommand.Launch("work", _ => 1).Code);
    }

    [Fact]
    public void A_mendable_error_is_one_line_without_a_stack_trace()
    {
        var (code, output, error) =
            TestCommand.Launch("work --json", _ => throw new EspalierException("config.json: hidden_size is 3,\n  not 4"));
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Equal("espalier: error: config.json: hidden_size is 3, not 4\n", error);
    }

    [Theory]
    [InlineData("a\r\n\r\n  b: not found", "a b: not found")]
    [InlineData("a\u2028b\u0085c\vd", "a b c d")]
    [InlineData("a\u001b[2Jb\0c\u009b\u202ed\te", "a\\u001b[2Jb\\u0000c\\u009b\\u202ed e")]
    [InlineData("ünïcödé 😀 stays\n", "ünïcödé 😀 stays")]
    public void Names_and_values_cannot_break_the_line_of_an_error_a_warning_or_a_note(string message, string expected)
    {
        Assert.Equal($"espalier: error: {expected}\n", TestCommand.Launch("work", _ => throw new EspalierException(message)).Error);
        Assert.Equal(expected, new EspalierException(message).Message);
        Assert.StartsWith($"espalier: internal error: {expected}\n",
            TestCommand.Launch("work", _ => throw new InvalidOperationException(message)).Error);
        Assert.Equal($"espalier: warning: {expected}\n{expected}\n", TestCommand.Launch("work", run =>
        {
            run.Progress.Warn(message);
            run.Progress.Note(message);
            return 0;
        }).Error);
    }

    [Fact]
    public void An_error_may_bring_its_own_exit_code() =>
        Assert.Equal(1, TestCommand.Launch("work", _ => throw new EspalierException("the disk is full") { ExitCode = 1 }).Code);

    [Fact]
    public void An_unexpected_error_points_at_verbose()
    {
        var (code, _, error) = TestCommand.Launch("work", _ => throw new InvalidOperationException("no row 3"));
        Assert.Equal(1, code);
        Assert.Equal("espalier: internal error: no row 3\nespalier: run again with --verbose for the stack trace\n", error);
    }

    [Theory]
    [InlineData("work --verbose")]
    [InlineData("--verbose work")]
    public void Verbose_shows_the_stack_trace(string line)
    {
        var (code, _, error) = TestCommand.Launch(line, _ => throw new InvalidOperationException("no row 3"));
        Assert.Equal(1, code);
        Assert.Contains("   at ", error);
    }

    [Fact]
    public void An_interrupted_run_ends_with_130()
    {
        var (code, _, error) = TestCommand.Launch("work", _ => throw new OperationCanceledException());
        Assert.Equal(130, code);
        Assert.Equal("espalier: interrupted\n", error);
    }

    [Fact]
    public void A_signal_cancels_the_work_and_a_second_one_is_harmless()
    {
        var (code, _, error) = TestCommand.Launch("work", run =>
        {
            for (var signal = 0; signal < 2; signal++)
                Signals.Send(Environment.ProcessId, "TERM");
            Assert.True(run.Cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)));
            // The second one arrives while this still works.
            Thread.Sleep(100);
            run.Cancellation.ThrowIfCancellationRequested();
            return 0;
        });
        Assert.Equal(130, code);
        Assert.Equal("espalier: stopping after the current step; a second Ctrl-C changes nothing\nespalier: interrupted\n", error);
    }

    [Fact]
    public void Json_is_one_object_on_one_line_of_stdout_and_everything_else_goes_to_stderr()
    {
        var (code, output, error) = TestCommand.Launch("work --json", run =>
        {
            run.Progress.Note("a note");
            run.Progress.Warn("take care");
            run.Write(new { NllSe = 0.5, Output = "student" }, (page, _) => page.Line("for people"));
            return 0;
        });
        Assert.Equal(0, code);
        Assert.Single(output.TrimEnd('\n').Split('\n'));
        Assert.Equal(0.5, JsonDocument.Parse(output).RootElement.GetProperty("nll_se").GetDouble());
        Assert.Equal("a note\nespalier: warning: take care\n", error);
    }

    [Fact]
    public void Without_json_the_result_is_rendered()
    {
        var (_, output, _) = TestCommand.Launch("work", run =>
        {
            run.Write(new { Output = "student" }, (page, result) => page.Line($"wrote {result.Output}"));
            return 0;
        });
        Assert.Equal("wrote student\n", output);
    }

    [Fact]
    public void Options_tell_whether_they_were_given()
    {
        TestCommand? command = null;
        command = new TestCommand(run => run.Has(command!.Steps) ? run.Get(command.Steps) : -1);
        Assert.Equal(3, TestCommand.Launch("work --steps 3", command).Code);
        Assert.Equal(-1, TestCommand.Launch("work", command).Code);
    }
}
