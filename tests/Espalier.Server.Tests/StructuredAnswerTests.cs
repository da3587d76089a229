using System.ClientModel;
using System.Text;
using Espalier.Tests;
using OpenAI.Chat;

namespace Espalier.Server.Tests;

/// <summary>Answers that must have a form, through OpenAI's own client: schemas, and calls that must come.</summary>
public sealed class StructuredAnswerTests : TorchTest
{
    private const string Schema = """
        { "type": "object", "additionalProperties": false, "required": ["name", "kind", "ages"], "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": 12 }, "kind": { "enum": ["cat", "dog"] },
            "ages": { "type": "array", "items": { "type": "integer" }, "minItems": 1, "maxItems": 3 },
            "owner": { "anyOf": [ { "type": "null" }, { "$ref": "#/$defs/person" } ] } },
          "$defs": { "person": { "type": "object", "required": ["first"], "properties": { "first": { "const": "Ada" } } } } }
        """;

    private static readonly ChatTool s_city = ChatTool.CreateFunctionTool("city", "Goes to a city", BinaryData.FromString(
        """{"type":"object","properties":{"name":{"enum":["Paris"]},"days":{"type":"null"}},"required":["name","days"]}"""));

    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public async Task Every_answer_fits_its_schema_and_ends()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path));
        var client = OpenAiClientTests.Client(server);
        var owners = 0;
        for (var seed = 0; seed < 12; seed++)
        {
#pragma warning disable OPENAI001 // seeds are to be followed as long as clients send them
            var options = new ChatCompletionOptions
            {
                Temperature = 1.5f,
                Seed = seed,
                ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("animal", BinaryData.FromString(Schema), null, true),
            };
#pragma warning restore OPENAI001
            var answer = (await client.CompleteChatAsync([new UserChatMessage("An animal:")], options)).Value;
            Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
            var animal = JsonDocument.Parse(answer.Content[0].Text).RootElement;
            Assert.InRange(animal.GetProperty("name").GetString()!.EnumerateRunes().Count(), 1, 12);
            Assert.Contains(animal.GetProperty("kind").GetString(), (string[])["cat", "dog"]);
            Assert.All(animal.GetProperty("ages").EnumerateArray(), static age => Assert.True(age.TryGetInt64(out _)));
            Assert.InRange(animal.GetProperty("ages").GetArrayLength(), 1, 3);
            if (animal.TryGetProperty("owner", out var owner) && owner.ValueKind == JsonValueKind.Object)
                Assert.Equal("Ada", owner.GetProperty("first").GetString());
            owners += owner.ValueKind is JsonValueKind.Object or JsonValueKind.Null ? 1 : 0;
            Assert.True(animal.EnumerateObject().All(static field => field.Name is "name" or "kind" or "ages" or "owner"));
        }
        Assert.True(owners > 0, "no answer had what it may have");
        // A stream is the same text, and completions have schemas too.
        var text = new StringBuilder();
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("An animal:")], new ChatCompletionOptions
        {
            Temperature = 0,
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("animal", BinaryData.FromString(Schema), null, true),
        }))
            text.Append(string.Concat(update.ContentUpdate.Select(static part => part.Text)));
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(text.ToString()).RootElement.ValueKind);
        var number = await server.AskAsync("/v1/completions", new()
        {
            ["prompt"] = "The number is",
            ["max_tokens"] = 50,
            ["temperature"] = 1,
            ["seed"] = 1,
            ["response_format"] = JsonNode.Parse("""{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"number"}}}"""),
        });
        Assert.Equal(JsonValueKind.Number, JsonDocument.Parse((string)number["choices"]![0]!["text"]!).RootElement.ValueKind);
        server.AssertAllFree();
    }

    /// <summary>Models that would rather talk.</summary>
    [Theory]
    [InlineData("hermes")]
    [InlineData("qwen3-coder")]
    [InlineData("mistral")]
    [InlineData("llama-3")]
    public async Task A_call_that_must_come_comes(string family)
    {
        var (mark, tools) = family switch
        {
            "hermes" => ("<tool_call>", "{% if tools %}<tool_call>{% endif %}"),
            "qwen3-coder" => ("<tool_call>", "{% if tools %}<function=f><parameter=p>{% endif %}"),
            "mistral" => ("[TOOL_CALLS]", "{% if tools %}[TOOL_CALLS]{% endif %}"),
            _ => ("<|python_tag|>", "{% if tools %}{\"name\":, \"parameters\": }{% endif %}"),
        };
        var model = ScriptedModel.Write(Path.Combine(_folder.Path, family), new Dictionary<string, string[]>
        {
            ["<|talk|>"] = ["I would", " rather talk."],
            ["<|mark|>"] = [mark],
            ["<|closing|>"] = ["</tool_call>"],
        }, mark, "</tool_call>");
        File.WriteAllText(Path.Combine(model, "chat_template.jinja"), tools + "{% for m in messages %}{{ m.content }}{% endfor %}<|talk|>");
        await using var server = await RunningServer.StartAsync(model);
        var client = OpenAiClientTests.Client(server);
        ChatMessage[] messages = [new UserChatMessage("Where to?")];
        var free = (await client.CompleteChatAsync(messages, new ChatCompletionOptions { Tools = { s_city } })).Value;
        Assert.Equal("I would rather talk.", free.Content[0].Text);
        foreach (var choice in (ChatToolChoice[])[ChatToolChoice.CreateFunctionChoice("city"), ChatToolChoice.CreateRequiredChoice()])
        {
            var options = new ChatCompletionOptions
            {
                Tools = { s_city },
                ToolChoice = choice,
                AllowParallelToolCalls = false,
                Temperature = 0,
            };
            var answer = (await client.CompleteChatAsync(messages, options)).Value;
            Assert.True(answer.FinishReason == ChatFinishReason.ToolCalls, string.Concat(answer.Content.Select(static part => part.Text)));
            Assert.Empty(answer.Content);
            var call = Assert.Single(answer.ToolCalls);
            Assert.Equal("city", call.FunctionName);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"name":"Paris","days":null}"""),
                JsonNode.Parse(call.FunctionArguments.ToString())), call.FunctionArguments.ToString());
            var streamed = new StringBuilder();
            await foreach (var update in client.CompleteChatStreamingAsync(messages, options))
                foreach (var piece in update.ToolCallUpdates)
                    streamed.Append(piece.FunctionArgumentsUpdate?.ToString());
            Assert.Equal(call.FunctionArguments.ToString(), streamed.ToString());
        }
    }

    [Fact]
    public async Task Several_calls_may_come_where_one_must()
    {
        await using var server = await ToolTests.StartAsync("mistral", _folder);
        var options = new ChatCompletionOptions { Tools = { ToolTests.Weather }, ToolChoice = ChatToolChoice.CreateRequiredChoice() };
        var answer = (await OpenAiClientTests.Client(server).CompleteChatAsync([new UserChatMessage("Weather?")], options)).Value;
        Assert.Equal(["Paris", "Rome"],
            answer.ToolCalls.Select(static call => (string)JsonNode.Parse(call.FunctionArguments.ToString())!["city"]!));
    }

    [Fact]
    public async Task What_cannot_be_kept_is_refused()
    {
        await using var server = await ToolTests.StartAsync("mistral", _folder);
        var client = OpenAiClientTests.Client(server);
        ChatMessage[] messages = [new UserChatMessage("Weather?")];
        var strict = ChatTool.CreateFunctionTool("weather", "", BinaryData.FromString(
            """{"type":"object","properties":{"city":{"type":"string","not":{"const":"Bern"}}},"required":["city"]}"""), true);
        var options = new ChatCompletionOptions { Tools = { strict }, ToolChoice = ChatToolChoice.CreateRequiredChoice() };
        var error = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync(messages, options));
        Assert.Equal(400, error.Status);
        Assert.Contains("tools[0].function.parameters.properties.city: the keyword not is not supported", error.Message);
        // Not strictly: an object of any shape.
        var loose = ChatTool.CreateFunctionTool("weather", "", strict.FunctionParameters);
        var answer = (await client.CompleteChatAsync(messages,
            new ChatCompletionOptions { Tools = { loose }, ToolChoice = ChatToolChoice.CreateFunctionChoice("weather") })).Value;
        Assert.Equal("weather", Assert.Single(answer.ToolCalls).FunctionName);
        error = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync(messages,
            new ChatCompletionOptions { Tools = { loose }, ToolChoice = ChatToolChoice.CreateFunctionChoice("other") }));
        Assert.Contains("tools has none of that name", error.Message);
        error = await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync(messages, new ChatCompletionOptions
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("s", BinaryData.FromString("""{"type":"string","format":"uri"}""")),
        }));
        Assert.Equal(400, error.Status);
        Assert.Contains("others are not supported here", error.Message);
    }
}
