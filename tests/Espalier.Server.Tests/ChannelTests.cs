using Espalier.Server.Tools;
using Espalier.Tests;
using Microsoft.Extensions.AI;

namespace Espalier.Server.Tests;

/// <summary>Answers in channels, as gpt-oss writes them: thoughts, calls and the answer are told apart.</summary>
public sealed class ChannelTests : TorchTest
{
    // The strings by which a template shows that its model answers so.
    private const string Template = "{# <|channel|><|message|> #}"
        + "{% for m in messages %}{{ m.role }}{{ m.thinking }}{{ m.content }}{% endfor %}"
        + "{% for t in tools or [] %}{{ t.function.name }}{% endfor %}<|begin|>";

    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Theory]
    [InlineData("<|channel|>analysis<|message|>Hm. <|end|><|start|>assistant<|channel|>final<|message|>Hi.<|return|>", "Hm. ", "Hi.", "")]
    [InlineData("<|channel|>final<|message|>Hi.", "", "Hi.", "")]
    [InlineData("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json"
        + "<|message|>{\"city\":\"Paris\"}<|call|>", "Hm.", "", "weather {\"city\":\"Paris\"}")]
    [InlineData(" to=functions.weather<|channel|>commentary json<|message|>{}", "", "", "weather {}")]
    [InlineData("<|channel|>commentary to=functions.weather<|message|><|call|>", "", "", "weather {}")]
    [InlineData("<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.weather<|message|>"
        + "{\"a\":1}<|end|><|start|>assistant to=functions.weather<|channel|>commentary<|message|>{\"a\":2}<|call|>", "", "I look.",
        "weather {\"a\":1}|weather {\"a\":2}")]
    [InlineData("<|channel|>commentary to=functions.rain<|message|>{}<|call|>", "", "{}", "")]
    [InlineData("<|channel|>analysis<|message|>a<|channel|>final<|message|>b", "a", "b", "")]
    [InlineData("Plain.", "", "Plain.", "")]
    [InlineData("to", "", "to", "")]
    public void Thoughts_calls_and_the_answer_are_told_apart(string written, string thoughts, string text, string calls)
    {
        foreach (var isSplit in (bool[])[false, true])
        {
            var (reader, found) = Read(written, isSplit, isCut: false);
            Assert.Equal((thoughts, text, calls, false), (reader.TakeThoughts(), found, Listed(reader), reader.EndsCut));
        }
    }

    [Theory]
    [InlineData("<|channel|>comment", "", "", "", false)]
    [InlineData("<|channel|>commentary to=functions.weather <|constrain|>", "", "", "", false)]
    [InlineData("<|channel|>commentary to=functions.weather<|message|>", "", "", "weather ", true)]
    [InlineData("<|channel|>commentary to=functions.weather<|message|>{\"city\": \"Pa", "", "", "weather {\"city\": \"Pa", true)]
    [InlineData("<|channel|>analysis<|message|>Hm", "Hm", "", "", false)]
    [InlineData("<|channel|>final<|message|>Hi", "", "Hi", "", false)]
    public void What_is_cut_is_given_as_far_as_it_came(string written, string thoughts, string text, string calls, bool endsCut)
    {
        var (reader, found) = Read(written, isSplit: false, isCut: true);
        Assert.Equal((thoughts, text, calls, endsCut), (reader.TakeThoughts(), found, Listed(reader), reader.EndsCut));
    }

    [Fact]
    public async Task A_client_gets_thoughts_apart_from_the_answer()
    {
        await using var server = await RunningServer.StartAsync(Model("<|channel|>", "analysis", "<|message|>", "I thi", "nk."));
        var body = new JsonObject
        {
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "a" }),
            ["temperature"] = 0,
        };
        var message = (await server.AskAsync("/v1/chat/completions", body))["choices"]![0]!["message"]!;
        Assert.Equal(("I think.", ""), ((string)message["reasoning_content"]!, (string)message["content"]!));
        body["stream"] = true;
        using var content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using var response = await server.Http.PostAsync("/v1/chat/completions", content);
        var pieces = (await response.Content.ReadAsStringAsync()).Split("data: ")
            .Where(static line => line.StartsWith('{')).Select(static line => JsonNode.Parse(line)!["choices"]![0]!["delta"]!).ToArray();
        Assert.Equal("I think.", string.Concat(pieces.Select(static delta => (string?)delta["reasoning_content"])));
        Assert.Equal("", string.Concat(pieces.Select(static delta => (string?)delta["content"])));
        // And templates get them back under their own name.
        var with = new JsonArray(new JsonObject { ["role"] = "assistant", ["content"] = "b", ["reasoning_content"] = "I think." });
        var without = new JsonArray(new JsonObject { ["role"] = "assistant", ["content"] = "b" });
        Assert.NotEqual(await Tokens(with), await Tokens(without));

        async Task<int> Tokens(JsonArray messages) => (int)(await server.AskAsync("/v1/chat/completions",
            new() { ["messages"] = messages, ["max_tokens"] = 1 }))["usage"]!["prompt_tokens"]!;
    }

    [Fact]
    public async Task A_client_in_the_same_program_gets_thoughts_and_calls()
    {
        var thinking = Model("<|channel|>", "analysis", "<|message|>", "I thi", "nk.");
        using (var client = ModelChatClient.Load(thinking, threads: 2))
        {
            var answer = await client.GetResponseAsync([new(ChatRole.User, "a")], new() { Temperature = 0 });
            Assert.Equal("I think.", Assert.Single(answer.Messages[0].Contents.OfType<TextReasoningContent>()).Text);
            Assert.Equal("", answer.Text);
        }
        var calling = Model("<|channel|>", "commentary to=functions.weather ", "<|constrain|>", "json", "<|message|>", "{\"city\":",
            "\"Paris\"}", "<|call|>", "more");
        using (var client = ModelChatClient.Load(calling, threads: 2))
        {
            var weather = AIFunctionFactory.CreateDeclaration("weather", "The weather of a city",
                JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}}}""").RootElement);
            var answer = await client.GetResponseAsync([new(ChatRole.User, "a")], new() { Temperature = 0, Tools = [weather] });
            var call = Assert.Single(answer.Messages[0].Contents.OfType<FunctionCallContent>());
            Assert.Equal(("weather", "Paris"), (call.Name, call.Arguments!["city"]!.ToString()));
            Assert.Equal((ChatFinishReason.ToolCalls, ""), (answer.FinishReason, answer.Text));
        }
    }

    [Fact]
    public async Task A_call_or_a_form_that_must_come_comes_in_its_channel()
    {
        var body = JsonNode.Parse("""
            {"messages":[{"role":"user","content":"a"}],"temperature":0,"tool_choice":"required","tools":[{"type":"function","function":
                {"name":"f","parameters":{"type":"object","required":["v"],"properties":{"v":{"const":7}}}}}]}
            """)!.AsObject();
        await using var calling = await RunningServer.StartAsync(Model("<|channel|>", "comm", "I would rather talk."));
        var choice = (await calling.AskAsync("/v1/chat/completions", body))["choices"]![0]!;
        Assert.Equal("tool_calls", (string)choice["finish_reason"]!);
        var call = Assert.Single(choice["message"]!["tool_calls"]!.AsArray())!["function"]!;
        Assert.Equal(("f", 7), ((string)call["name"]!, (int)JsonNode.Parse((string)call["arguments"]!)!["v"]!));
        body.Remove("tools");
        body.Remove("tool_choice");
        body["response_format"] = JsonNode.Parse("""{"type":"json_schema","json_schema":{"name":"n","schema":{"const":[7]}}}""");
        await using var answering = await RunningServer.StartAsync(Model("<|channel|>", "fin", "I would rather talk."));
        var answer = (await answering.AskAsync("/v1/chat/completions", body))["choices"]![0]!;
        Assert.Equal(7, (int)JsonNode.Parse((string)answer["message"]!["content"]!)![0]!);
    }

    [Fact]
    public async Task A_tokenizer_without_the_marks_is_refused()
    {
        var file = Path.Combine(_folder.Path, "form.jinja");
        File.WriteAllText(file, Template);
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, file);
        var (status, answer) = await server.PostAsync("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}");
        Assert.Equal(400, status);
        Assert.Contains("has no such token", (string)answer["error"]!["message"]!);
    }

    private string Model(params string[] pieces)
    {
        var model = ScriptedModel.Write(Path.Combine(_folder.Path, $"{Guid.NewGuid():N}"),
            new Dictionary<string, string[]> { ["<|begin|>"] = pieces, ["<|more|>"] = [.. ChannelText.Marks.Except(pieces)] },
            [.. ChannelText.Marks]);
        File.WriteAllText(Path.Combine(model, "chat_template.jinja"), Template);
        return model;
    }

    private static (ChannelText Reader, string Text) Read(string written, bool isSplit, bool isCut)
    {
        var reader = new ChannelText(new(new JsonArray(new JsonObject { ["function"] = new JsonObject { ["name"] = "weather" } })));
        var text = "";
        for (var at = 0; at < written.Length;)
        {
            if (ChannelText.Marks.FirstOrDefault(mark => string.CompareOrdinal(written, at, mark, 0, mark.Length) == 0) is { } met)
            {
                at += met.Length;
                Assert.Equal(met is "<|call|>" or "<|return|>", reader.Mark(met));
                continue;
            }
            var next = ChannelText.Marks.Select(mark => written.IndexOf(mark, at, StringComparison.Ordinal)).Where(static one => one >= 0)
                .DefaultIfEmpty(written.Length).Min();
            if (isSplit)
                next = at + 1;
            text += reader.Append(written[at..next]);
            at = next;
        }
        return (reader, text + reader.Finish(isCut));
    }

    private static string Listed(ChannelText reader) =>
        string.Join('|', reader.TakeCalls().Select(static call => $"{call.Name} {call.Arguments}"));
}
