using System.Diagnostics;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Interface;

/// <summary>Completion scripts, in the shells themselves.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CompletionTests()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "prompt.txt"), "");
        Directory.CreateDirectory(Path.Combine(_folder.Path, "pruned-model"));
        foreach (var shell in new[] { "bash", "zsh", "fish" })
            File.WriteAllText(Path.Combine(_folder.Path, $"script.{shell}"), TestCommand.Launch($"completion {shell}").Output);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>What is typed, what must be offered, and what must not.</summary>
    public static TheoryData<string, string, string> Typed => new()
    {
        { "espalier pru", "prune", "plan" },
        { "espalier ", "compress distill status completion", "work-nothing" },
        { "espalier prune --de", "--depth --depth-scores --depth-metric", "--lr" },
        { "espalier prune --depth ", "contiguous scattered greedy", "prompt.txt" },
        { "espalier prune pr", "prompt.txt pruned-model", "prune" },
        { "espalier prune --output pr", "pruned-model", "prompt.txt" },
        { "espalier prune -o pr", "pruned-model", "prompt.txt" },
        { "espalier prune --scores pr", "prompt.txt", "prune" },
        { "espalier distill --order s", "shuffled sequential", "search" },
        { "espalier help di", "distill", "doctor" },
        { "espalier completion f", "fish", "bash" },
        { "espalier --verbose ex", "export", "evaluate" },
        { "espalier doctor --hid", "", "--hidden" },
    };

    [ShellTheory("bash")]
    [MemberData(nameof(Typed))]
    public void Bash_offers_what_fits(string line, string offered, string other)
    {
        const string complete = """
            source script.bash
            IFS=' ' read -r -a COMP_WORDS <<<"$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$1 COMP_POINT=${#1}
            _espalier
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        AssertOffered(Run("bash", "--norc", "-c", complete, "bash", line), offered, other);
    }

    [ShellFact("bash")]
    public void Bash_completes_behind_an_equals_sign()
    {
        var words =
            Run("bash", "--norc", "-c",
                "source script.bash; COMP_WORDS=(espalier prune --depth = sc) COMP_CWORD=4; _espalier; printf '%s\\n' \"${COMPREPLY[@]}\"");
        Assert.Equal(["scattered"], words);
    }

    [ShellTheory("fish")]
    [MemberData(nameof(Typed))]
    public void Fish_offers_what_fits(string line, string offered, string other)
    {
        // A description follows after a tab.
        AssertOffered(
            [.. Run("fish", "--no-config", "-c", "source script.fish; complete -C $argv[1]", line)
                .Select(word => word.Split('\t')[0].TrimEnd('/'))], offered, other);
    }

    [ShellTheory("zsh")]
    [MemberData(nameof(Typed))]
    public void Zsh_offers_what_fits(string line, string offered, string other)
    {
        // Before the first word a long option does not count as the command in zsh: words come by their place there.
        if (line.StartsWith("espalier --verbose", StringComparison.Ordinal))
            return;
        // Completion works in a shell that thinks it has a terminal; every match is printed by a wrapper of compadd.
        const string setUp = """
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; source ./script.zsh; bindkey "^I" complete-word; zstyle ":completion:*" menu no
            compadd() { if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi; local -a hits; builtin compadd -A hits "$@"; local h; for h in $hits; do print -r -- "<$h>"; done; builtin compadd "$@" }
            print READY'
            while zpty -r shell out; do [[ $out == *READY* && $out != *print* ]] && break; done
            zpty -w -n shell "$1"$'\t'
            """ + "\nsleep 1\nzpty -w shell $'\\x15print DONE'\nwhile zpty -r shell out; do print -r -- \"$out\"; [[ $out == *DONE* && $out != *print* ]] && break; done\nzpty -d shell\n";
        var printed = string.Join('\n', Run("zsh", "-f", "-c", setUp, "zsh", line));
        AssertOffered(
            [.. System.Text.RegularExpressions.Regex.Matches(printed, "<([^<>\n]+)>")
                .Select(match => match.Groups[1].Value.Trim().TrimEnd('/'))], offered, other);
    }

    [ShellFact("zsh")]
    public void Zsh_reads_the_script_without_complaint()
    {
        Assert.Empty(Run("zsh", "-f", "-n", "script.zsh"));
    }

    [Fact]
    public void A_shell_that_is_not_known_is_named() =>
        Assert.Contains("available: bash, zsh, fish", TestCommand.Launch("completion tcsh").Error);

    private static void AssertOffered(string[] words, string offered, string other)
    {
        foreach (var word in offered.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            Assert.Contains(word, words);
        Assert.DoesNotContain(other, words);
    }

    private string[] Run(string shell, params string[] arguments)
    {
        var start = new ProcessStartInfo(shell, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.Path
        };
        start.Environment["HOME"] = _folder.Path;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(error.Result.Length == 0, error.Result);
        return output.Replace("\r", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
