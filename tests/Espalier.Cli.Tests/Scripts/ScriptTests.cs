using System.Diagnostics;
using Espalier.Cli.Tests.Interface;
using Espalier.Tests;
using Espalier.Torch;

namespace Espalier.Cli.Tests.Scripts;

public sealed class ScriptTests
{
    private static readonly string[] s_commands =
    [
        "espalier", "test", ".ci/run", "tests/on-debian", "tests/instructions", "tests/files-touched",
        "tests/golden/generators/run", "bench/run", "bench/peer-system", "bench/in-peer-system",
    ];

    private static IEnumerable<string> All =>
        [.. s_commands.Select(c => Path.Combine(Fixtures.Root, c)), .. Directory.GetFiles(Path.Combine(Fixtures.Root, "scripts"), "*.sh")];

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
        Assert.All(s_commands, c => Assert.Equal(0, Bash($"test -x {c}").Code));

    [Fact]
    public void A_suite_is_counted_by_its_summary()
    {
        var (_, output) =
            Bash("source scripts/suites.sh; suite_counts <(printf '%s\\n' 'Failed!  - Failed:     2, Passed:    31, Skipped:     4, Total: "
                + "   37, Duration: 1 s - A.dll (net10.0)')");
        Assert.Equal("31 2 4\n", output);
    }

    [Fact]
    public void A_suite_without_a_summary_has_no_counts() =>
        Assert.Equal("", Bash("source scripts/suites.sh; suite_counts <(echo 'The test host crashed')").Output);

    [Fact]
    public void Skipped_tests_are_listed_with_their_reasons()
    {
        using var folder = new TemporaryFolder();
        var results = Path.Combine(folder.Path, "results.trx");
        File.WriteAllText(results, """
            <UnitTestResult testId="1" testName="A.B.Needs_a_model(of: &quot;x&quot;)" duration="0" outcome="NotExecuted" testListId="2">
              <Output>
                <ErrorInfo>
                  <Message>needs ../shared/x &amp; y</Message>
                </ErrorInfo>
              </Output>
            </UnitTestResult>
            <UnitTestResult testId="3" testName="A.B.Needs_nothing" duration="0" outcome="Passed" testListId="2" />
            <UnitTestResult testId="4" testName="A.B.Needs_more" duration="0" outcome="NotExecuted" testListId="2">
              <Output>
                <ErrorInfo>
                  <Message>needs ../shared/z</Message>
                </ErrorInfo>
              </Output>
            </UnitTestResult>
            """);
        var (_, output) = Bash($"source scripts/suites.sh; skipped_tests {results}");
        Assert.Equal("  skipped: A.B.Needs_a_model(of: \"x\"): needs ../shared/x & y\n  skipped: A.B.Needs_more: needs ../shared/z\n", output);
    }

    [Fact]
    public void A_failing_step_shows_its_whole_output()
    {
        var (code, output) = Bash("source scripts/messages.sh; quietly 'building' sh -c 'echo the reason; exit 3'");
        Assert.Equal(1, code);
        Assert.Equal("espalier: building ...\nthe reason\nespalier: error: building failed; its output is above\n", output);
    }

    [ShellFact("git")]
    public void The_source_files_of_a_change_are_counted()
    {
        using var folder = new TemporaryFolder();
        var (code, output) = Bash($$"""
            set -e
            script=$PWD/tests/files-touched
            cd '{{folder.Path}}'
            git init -q .
            save() { git add -A; git -c user.name=a -c user.email=a@b -c commit.gpgsign=false commit -qm x; }
            mkdir -p src/A tests
            seq 50 >src/A/Moved.cs; touch src/A/Kept.cs src/A/packages.lock.json tests/T.cs; save
            git mv src/A/Moved.cs src/A/New.cs; echo 1 | tee src/A/Kept.cs src/A/packages.lock.json tests/T.cs >/dev/null; save
            echo 1 >tests/U.cs; save
            "$script" HEAD~1 HEAD HEAD~2..HEAD
            """);
        const string both = "    M\tsrc/A/Kept.cs\n    R100\tsrc/A/Moved.cs\tsrc/A/New.cs\n";
        Assert.Equal((0, $"HEAD~1\t2\n{both}HEAD\t0\nHEAD~2..HEAD\t2\n{both}"), (code, output));
    }

    [Fact]
    public void A_folder_with_something_in_it_is_not_cleared_away_for_a_chroot()
    {
        using var folder = new TemporaryFolder();
        var kept = Path.Combine(folder.Path, "kept");
        File.WriteAllText(kept, "somebody's");
        var (code, output) = Bash($"source scripts/messages.sh; source scripts/chroot.sh; make_chroot sid '{folder.Path}'");
        Assert.Equal(1, code);
        Assert.Contains($"{folder.Path} is not empty and was not made here", output, StringComparison.Ordinal);
        Assert.True(File.Exists(kept));
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
    public void A_libtorch_that_is_no_library_is_refused_with_what_the_loader_says()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "libtorch_cpu.so"), "not a library");
        var program = Path.Combine(AppContext.BaseDirectory, "espalier.dll");
        var (code, output) = Bash($"LIBTORCH='{folder.Path}' dotnet '{program}' generate models/quickstart-teacher --ids 4080");
        Assert.Equal(1, code);
        Assert.Equal($"espalier: error: {folder.Path}/libtorch_cpu.so cannot be loaded: file too short\n", output);
    }

    [Fact]
    public void A_libtorch_that_was_not_unpacked_to_its_end_is_named()
    {
        using var folder = new TemporaryFolder();
        var whole = File.ReadAllBytes(Environment.ProcessPath!); // any ELF file
        File.WriteAllBytes(Path.Combine(folder.Path, "libtorch_cpu.so"), whole[..(whole.Length / 2)]);
        var program = Path.Combine(AppContext.BaseDirectory, "espalier.dll");
        var (code, output) = Bash($"LIBTORCH='{folder.Path}' dotnet '{program}' generate models/quickstart-teacher --ids 4080");
        Assert.Equal(1, code);
        Assert.StartsWith(
            $"espalier: error: {folder.Path}/libtorch_cpu.so has {whole.Length / 2} of its {whole.Length} bytes: it was copied or "
                + $"unpacked only in part;", output);
    }

    [Fact]
    public void A_libtorch_may_be_made_of_links()
    {
        using var folder = new TemporaryFolder();
        // Debian's PyTorch has its libraries elsewhere, and links to them.
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(TorchRuntime.LibraryFile)!))
            File.CreateSymbolicLink(Path.Combine(folder.Path, Path.GetFileName(file)), file);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "libtorch_of_another.so"), "nowhere"); // of a package that is not installed
        var program = Path.Combine(AppContext.BaseDirectory, "espalier.dll");
        var (code, output) = Bash($"LIBTORCH='{folder.Path}' dotnet '{program}' generate models/quickstart-teacher --ids 4080 --max-tokens 1");
        Assert.True(code == 0, output);
    }

    [Fact]
    public void A_step_without_a_temporary_folder_says_which_one_is_meant()
    {
        var (code, output) = Bash("source scripts/messages.sh; TMPDIR=/nowhere; export TMPDIR; quietly 'building' true");
        Assert.Equal(1, code);
        Assert.Equal("espalier: error: nothing can be written in /nowhere: set TMPDIR to another folder\n", output);
    }

    [Theory]
    [InlineData("/nowhere", "", "ROOT/build/home")]
    [InlineData("/nowhere", "/mine", "/mine")]
    [InlineData("/tmp", "", "")]
    public void Without_a_home_the_sdk_has_one_in_the_build_folder(string home, string chosen, string expected)
    {
        var (code, output) =
            Bash($"unset DOTNET_CLI_HOME; export HOME={home} {(chosen == "" ? "" : $"DOTNET_CLI_HOME={chosen}")}; source "
                + $"scripts/dotnet.sh; printf %s \"${{DOTNET_CLI_HOME:-}}\"");
        Assert.Equal((0, expected.Replace("ROOT", Fixtures.Root)), (code, output));
    }

    [Fact]
    public void A_build_is_current_until_a_source_changes_goes_or_moves()
    {
        var (code, output) = Bash("""
            source scripts/build.sh; ROOT=$(mktemp -d)/place; program=$ROOT/src/Espalier.Cli/bin/Release/net10.0/espalier.dll
            ask() { if is_current program; then echo "$1: yes"; else echo "$1: no"; fi; }
            mkdir -p "$ROOT/build" "${program%/*}"; touch "$program" "$ROOT"/{src/a.cs,src/b.cs,Directory.Build.props,Espalier.slnx}
            ask 'never built'; set_stamp program; ask built
            echo more >"$program"; ask 'an output changed'
            echo more >"$ROOT/src/a.cs"; ask 'a source changed'; set_stamp program
            rm "$ROOT/src/b.cs"; ask 'a source went'; set_stamp program
            echo more >"$ROOT/Directory.Build.props"; ask 'a setting changed'; set_stamp program
            mv "$ROOT" "$ROOT-2"; ROOT=$ROOT-2; ask moved; set_stamp program; ask 'built again'
            rm "$ROOT"/src/Espalier.Cli/bin/Release/net10.0/espalier.dll; ask 'the program went'; rm -r "${ROOT%/*}"
            """);
        Assert.Equal(
            (0, "never built: no\nbuilt: yes\nan output changed: yes\na source changed: no\na source went: no\na setting changed: "
                + "no\nmoved: no\nbuilt again: yes\nthe program went: no\n"), (code, output));
    }

    [Fact]
    public void Analyzers_are_left_out_of_a_clones_first_build_of_the_program_alone()
    {
        var (code, output) = Bash("""
            source scripts/build.sh; ROOT=$(mktemp -d); mkdir "$ROOT/build"
            quietly() { case " $* " in *' -p:RunAnalyzers=false '*) echo without ;; *) echo with ;; esac; }
            build_managed tests; build_managed program; touch "$ROOT/build/program.stamp"; build_managed program; rm -r "$ROOT"
            """);
        Assert.Equal((0, "with\nwithout\nwith\n"), (code, output));
    }

    [Fact]
    public void An_unknown_argument_of_the_test_script_is_wrong_usage() => Assert.Equal(2, Bash("./test --fliter X").Code);
}
