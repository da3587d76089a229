using System.Text;
using Espalier.Server.Requests;
using Espalier.Tests;

namespace Espalier.Server.Tests;

/// <summary>What is read of a body.</summary>
public sealed class RequestReadingTests : TorchTest
{
    [Fact]
    public async Task Fields_that_a_template_names_reach_it()
    {
        using var folder = new TemporaryFolder();
        var template = Path.Combine(folder.Path, "effort.jinja");
        File.WriteAllText(template, "{{ reasoning_effort or 'none' }}{% for m in messages %}{{ m.content }}{% endfor %}");
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, template);
        async Task<int> PromptTokens(string fields) => (int)JsonNode.Parse((await server.PostAsync("/v1/chat/completions",
            $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"a\"}}],\"max_tokens\":1{fields}}}")).Body.ToJsonString())!
            ["usage"]!["prompt_tokens"]!;
        var effort = "as much as there is in the whole world";
        Assert.Equal(await PromptTokens($",\"chat_template_kwargs\":{{\"reasoning_effort\":\"{effort}\"}}"),
            await PromptTokens($",\"reasoning_effort\":\"{effort}\""));
        Assert.True(await PromptTokens($",\"reasoning_effort\":\"{effort}\"") > await PromptTokens(",\"reasoning_effort\":null"));
        var (status, twice) = await server.PostAsync("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
            + "\"reasoning_effort\":\"low\",\"chat_template_kwargs\":{\"reasoning_effort\":\"high\"}}");
        Assert.Equal((400, "reasoning_effort"), (status, (string?)twice["error"]!["param"]));
    }

    [Theory]
    [InlineData("{% if tools %}<tool_call>\n<function=f>{}</function>{% endif %}", "in a form that is not read here")]
    public async Task Answers_of_forms_that_are_not_read_are_refused(string template, string reason)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "form.jinja");
        File.WriteAllText(file, template);
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, file);
        var (status, answer) = await server.PostAsync("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
            + "\"max_tokens\":1,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}");
        Assert.Equal(400, status);
        Assert.Contains(reason, (string)answer["error"]!["message"]!);
    }

    [Fact]
    public void A_request_outlives_its_body()
    {
        ChatRequest request;
        using (var body = JsonBody.Parse(Encoding.UTF8.GetBytes("""
            {"messages": [{"role": "user", "content": "a"},
              {"role": "assistant", "tool_calls": [{"id": "x", "function": {"name": "f", "arguments": "{\"a\": [1]}"}}]},
              {"role": "tool", "tool_call_id": "x", "content": "b"}],
             "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
             "chat_template_kwargs": {"more": {"c": [2]}}}
            """)))
            request = ChatRequest.Read(body.RootElement, "tested", new());
        Assert.Contains("[1]", string.Concat(request.Messages.Select(static one => one.Fields.ToJsonString())));
        Assert.Contains("object", request.Tools!.ToJsonString());
        Assert.Equal("""{"more":{"c":[2]}}""", request.Variables!.ToJsonString());
    }
}
