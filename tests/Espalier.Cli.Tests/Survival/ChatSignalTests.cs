using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Espalier.Cli.Tests.Commands;

namespace Espalier.Cli.Tests.Survival;

/// <summary>SIGINT ends an answer and not a conversation; where nothing is answered, a signal ends a program that is piped.</summary>
public sealed class ChatSignalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _output = new(), _error = new();
    private Process? _process;

    [Fact]
    public void An_answer_is_interrupted_and_the_next_line_is_answered()
    {
        var program = Start(Endless(), "--max-tokens", "90000", "--context", "99999");
        for (var turn = 1; turn <= 2; turn++)
        {
            var before = Said(_output).Length;
            Write("Hello\n");
            Until(() => Said(_output).Length > before + 1);
            Signals.Send(program.Id, "INT");
            Until(() => Said(_error).Split("the answer was interrupted").Length > turn);
        }
        program.StandardInput.Close();
        Assert.True(program.WaitForExit(600_000));
        Assert.True(program.ExitCode == 0, Said(_error));
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void A_signal_ends_it_while_it_waits_for_a_line(string signal)
    {
        var program = Start(Verb.Teacher, "--max-tokens", "2");
        Write("Hello\n");
        // The last thing that an answer says.
        Until(() => Said(_error).Contains("the answer was cut", StringComparison.Ordinal));
        Signals.Send(program.Id, signal);
        Assert.True(program.WaitForExit(600_000));
        Assert.True(program.ExitCode == 130, Said(_error));
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
            _process.Kill();
        _process?.Dispose();
        _folder.Dispose();
    }

    // A teacher with room for an answer that nothing ends.
    private string Endless()
    {
        var model = Verb.Copy(Verb.Teacher, Path.Combine(_folder.Path, "endless"));
        void Change(string name, string pattern, string by) => File.WriteAllText(Path.Combine(model, name),
            Regex.Replace(File.ReadAllText(Path.Combine(model, name)), pattern, by));
        Change("config.json", "(\"max_position_embeddings\": *)\\d+", "${1}100000");
        Change("config.json", "(\"eos_token_id\": *)\\d+", "${1}4080");
        Change("tokenizer_config.json", "(\"eos_token\": *)\"[^\"]*\"", "$1\"<|begin_of_text|>\"");
        File.WriteAllText(Path.Combine(model, "special_tokens_map.json"), "{}");
        File.WriteAllText(Path.Combine(model, "generation_config.json"), "{}");
        return model;
    }

    private Process Start(string model, params string[] more)
    {
        // A shell's background jobs, and all that they start, ignore SIGINT; .NET leaves that as it is.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "espalier.dll"),
            "chat", model, "--greedy", "--threads", "1", .. more])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        foreach (var (from, to) in new[] { (_process.StandardOutput, _output), (_process.StandardError, _error) })
            _ = Task.Run(() =>
            {
                while (from.Read() is >= 0 and var letter)
                    lock (to)
                        to.Append((char)letter);
            });
        return _process;
    }

    private void Write(string line)
    {
        _process!.StandardInput.Write(line);
        _process.StandardInput.Flush();
    }

    private static string Said(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }

    // Only against waiting for ever.
    private void Until(Func<bool> happened)
    {
        for (var i = 0; i < 60_000 && !happened(); i++)
        {
            Assert.False(_process!.HasExited, Said(_error));
            Thread.Sleep(10);
        }
        Assert.True(happened(), Said(_error));
    }
}
