using System.Diagnostics;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Scripts;

public sealed class ScriptTests
{
    private static readonly string[] commands = ["espalier", "test", ".ci/run", "tests/on-debian", "tests/instructions"];

    private static IEnumerable<string> All => [.. commands.Select(c => Path.Combine(Fixtures.Root, c)), .. Directory.GetFiles(Path.Combine(Fixtures.Root, "scripts"), "*.sh")];

    private static (int Code, string Output) Bash(string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Fixtures.Root,
        };
        start.Environment["ROOT"] = Fixtures.Root;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    [Fact]
    public void Every_script_parses() => Assert.All(All, script => Assert.Equal((0, ""), Bash($"bash -n '{script}'")));

    [Fact]
    public void Commands_may_be_executed() =>
        Assert.All(commands, c => Assert.Equal(0, Bash($"test -x {c}").Code));

    [Fact]
    public void A_suite_is_counted_by_its_summary()
    {
        var (_, output) = Bash("source scripts/suites.sh; suite_counts <(printf '%s\\n' 'Failed!  - Failed:     2, Passed:    31, Skipped:     4, Total:    37, Duration: 1 s - A.dll (net10.0)')");
        Assert.Equal("31 2 4\n", output);
    }

    [Fact]
    public void A_suite_without_a_summary_has_no_counts() =>
        Assert.Equal("", Bash("source scripts/suites.sh; suite_counts <(echo 'The test host crashed')").Output);

    [Fact]
    public void Skipped_tests_are_listed_with_their_reasons()
    {
        var (_, output) = Bash("""
            source scripts/suites.sh
            skipped_tests <(printf '%s\n' '[xUnit.net 00:00:00.10]     A.B.Needs_a_model [SKIP]' '[xUnit.net 00:00:00.11]       needs ../shared/x' 'Passed!')
            """);
        Assert.Equal("  skipped: A.B.Needs_a_model: needs ../shared/x\n", output);
    }

    [Fact]
    public void A_failing_step_shows_its_whole_output()
    {
        var (code, output) = Bash("source scripts/messages.sh; quietly 'building' sh -c 'echo the reason; exit 3'");
        Assert.Equal(1, code);
        Assert.Equal("espalier: building ...\nthe reason\nespalier: error: building failed; its output is above\n", output);
    }

    [Fact]
    public void A_libtorch_that_is_not_there_is_named()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "espalier.dll");
        var (code, output) = Bash($"LIBTORCH=/nowhere dotnet '{program}' generate models/quickstart-teacher --ids 4080");
        Assert.Equal(1, code);
        Assert.StartsWith("espalier: error: LIBTORCH is /nowhere, but neither /nowhere/lib nor /nowhere holds libtorch_cpu.so", output);
    }

    [Fact]
    public void An_unknown_argument_of_the_test_script_is_wrong_usage() => Assert.Equal(2, Bash("./test --fliter X").Code);
}
