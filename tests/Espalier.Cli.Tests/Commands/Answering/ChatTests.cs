using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Answering;

/// <summary>A piped conversation with the bundled teacher, whose words mean little and whose manners are tested.</summary>
public sealed class ChatTests : TorchTest
{
    private static readonly string[] s_usual = ["--greedy", "--max-tokens", "8", "--threads", "1"];
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Each_line_is_answered_and_what_was_said_is_not_computed_again()
    {
        var chat = Json("Hello there\n\nAnd then?\n", "--system", "Be kind.");
        Assert.Equal(["system", "user", "assistant", "user", "assistant"], Roles(chat));
        Assert.Equal("And then?", Content(chat, 3));
        var answers = chat.GetProperty("answers").EnumerateArray().ToArray();
        Assert.Equal(2, answers.Length);
        Assert.All(answers, answer => Verb.HasFields(answer, "prompt_tokens reused_tokens tokens stopped_by dropped_messages"));
        Assert.Equal(0, answers[0].GetProperty("reused_tokens").GetInt32());
        Assert.InRange(answers[1].GetProperty("reused_tokens").GetInt32(), answers[0].GetProperty("prompt_tokens").GetInt32(),
            answers[1].GetProperty("prompt_tokens").GetInt32() - 1);
        Assert.Equal("bf16", chat.GetProperty("weights").GetString());
        // Only what the model says goes to stdout.
        var (code, output, error) = Chat("Hello there\n\nAnd then?\n", "--system", "Be kind.");
        Assert.Equal(0, code);
        Assert.Equal($"{Content(chat, 2)}\n{Content(chat, 4)}\n", output);
        Assert.Contains("the answer was cut off by --max-tokens", error);
    }

    [Fact]
    public void The_first_answer_is_that_of_generate()
    {
        var (_, written, _) = TestCommand.LaunchWith(["generate", Verb.Teacher, "Hello there", "--chat", .. s_usual]);
        Assert.Equal(written, Chat("Hello there\n").Output);
    }

    [Fact]
    public void Lines_with_a_slash_are_for_the_program()
    {
        var chat = Json("/system Be brief.\nHello\n/reset\n//path\n/exit\nnever asked\n");
        Assert.Equal(["system", "user", "assistant"], Roles(chat));
        Assert.Equal(("Be brief.", "/path"), (Content(chat, 0), Content(chat, 1)));
        Assert.Equal(2, chat.GetProperty("answers").GetArrayLength());
        Assert.Equal(["user", "assistant"], Roles(Json("/system Be brief.\n/system\nHello\n")));
        var (code, output, error) = Chat("/help\n/sav x\n/\n");
        Assert.Equal((0, ""), (code, output));
        Assert.Contains("/save FILE", error);
        Assert.Contains("there is no command /sav. Did you mean /save?", error);
    }

    [Fact]
    public void A_conversation_is_saved_as_align_reads_it_and_over_nothing_else()
    {
        var (file, mine) = (Path.Combine(_folder.Path, "talk.jsonl"), Path.Combine(_folder.Path, "mine.txt"));
        File.WriteAllText(mine, "years of work");
        var chat = Json($"Hello \"you\" – é\n/save {file}\nAgain\n/save {file}\n/save {mine}\n/save\n/save {_folder.Path}/no/x\n"
            + $"/save {Path.Combine(Verb.Teacher, "x.jsonl")}\n", out var error);
        using var saved = JsonDocument.Parse(File.ReadAllText(file));
        Assert.Equal(chat.GetProperty("messages").ToString(), saved.RootElement.GetProperty("messages").ToString());
        Assert.Equal("Hello \"you\" – é", saved.RootElement.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal("years of work", File.ReadAllText(mine));
        Assert.False(File.Exists(Path.Combine(Verb.Teacher, "x.jsonl")));
        foreach (var said in (string[])["2 messages in", "4 messages in", "is not a conversation of chat", "/save is empty",
            "/no does not exist", "is inside the model's folder"])
            Assert.Contains(said, error);
        // Twice, for a set needs more than one conversation to hold some of it out.
        File.AppendAllText(file, "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]}\n");
        var (code, _, why) = TestCommand.Launch($"align {Verb.Teacher} --data {file} --steps 1 --batch 1 --sequence 128 --threads 1 "
            + $"--held-out 0 --output {Path.Combine(_folder.Path, "aligned")}");
        Assert.True(code == 0, why);
    }

    [Fact]
    public void Where_there_is_no_room_the_oldest_turns_go_and_it_is_said()
    {
        var chat = Json(string.Concat(Enumerable.Range(0, 5).Select(i => $"This is message {i}\n"))
            + $"{string.Join(' ', Enumerable.Repeat("many", 90))}\n", out var error, "--context", "96", "--system", "Be kind.");
        Assert.Contains("the context is full: the oldest ", error);
        Assert.Contains("but the context has 96: shorten it", error);
        Assert.Equal("system", Roles(chat)[0]);
        Assert.Equal(5, chat.GetProperty("answers").GetArrayLength());
        Assert.Equal("This is message 4", Content(chat, chat.GetProperty("messages").GetArrayLength() - 2));
    }

    [Fact]
    public void A_stop_string_ends_an_answer()
    {
        var whole = Content(Json("Hello there\n"), 1);
        var stop = whole[4..6];
        var chat = Json("Hello there\n", "--stop", stop);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], Content(chat, 1));
        Assert.Equal("stop", chat.GetProperty("answers")[0].GetProperty("stopped_by").GetString());
    }

    [Fact]
    public void Another_template_is_taken_from_a_file()
    {
        var file = Path.Combine(_folder.Path, "own.jinja");
        File.WriteAllText(file, "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}");
        // The message as it stands, with the BOS that the tokenizer puts before a prompt.
        var (_, written, _) = TestCommand.LaunchWith(["generate", Verb.Teacher, "Once", .. s_usual]);
        Assert.Equal(written, Chat("Once\n", "--chat-template", file).Output);
    }

    [Theory]
    [InlineData("--context 513", "--context is 513, but the model has 512 positions")]
    [InlineData("--context 7", "--context is 7")]
    [InlineData("--max-tokens 0", "--max-tokens is 0")]
    [InlineData("--chat-template nowhere.jinja", "nowhere.jinja")]
    [InlineData("--min-p 2", "min-p is 2")]
    public void Wrong_input_is_one_line(string arguments, string named) =>
        Assert.Contains(named, Verb.Refused($"chat {Verb.Teacher} {arguments}"));

    [Fact]
    public void A_model_without_a_template_is_refused()
    {
        var bare = Verb.Copy(Verb.Teacher, Path.Combine(_folder.Path, "bare"));
        File.WriteAllText(Path.Combine(bare, "tokenizer_config.json"), "{}");
        Assert.Contains("has no chat template", Verb.Refused($"chat {bare}"));
        Assert.Contains("has no chat template", Verb.Refused($"generate {bare} Hello --chat"));
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    private static (int Code, string Output, string Error) Chat(string input, params string[] more) =>
        TestCommand.LaunchWithInput(input, ["chat", Verb.Teacher, .. s_usual, .. more]);

    private static JsonElement Json(string input, params string[] more) => Json(input, out _, more);

    private static JsonElement Json(string input, out string error, params string[] more)
    {
        (var code, var output, error) = Chat(input, ["--json", .. more]);
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }

    private static string[] Roles(JsonElement chat) =>
        [.. chat.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("role").GetString()!)];

    private static string Content(JsonElement chat, int message) =>
        chat.GetProperty("messages")[message].GetProperty("content").GetString()!;
}
