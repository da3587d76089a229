using System.Text;
using Espalier.Tests;
using OpenAI.Chat;

namespace Espalier.Server.Tests;

/// <summary>Calls from a model that writes them in each family's form, through OpenAI's own client and back.</summary>
public sealed class ToolTests : TorchTest
{
    private const string Result = "12 degrees";

    private static readonly Dictionary<string, (string[] Call, string Template)> s_families = new()
    {
        ["hermes"] =
            (["Let me", " see.\n", "<tool_call>", "\n{\"name\": \"weather\", \"argu", "ments\": {\"city\": \"Paris\"}}\n", "</tool_call>",
            "\n<tool_", "call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}</tool", "_call>"],
            "{% for t in tools or [] %}<tool_call>{{ t.function.name }}{% endfor %}"),
        ["qwen3-coder"] =
            (["Let me", " see.\n", "<tool_call>", "\n<function=weather>\n<para", "meter=city>\nParis\n</parameter>\n</function>\n",
            "</tool_call>", "\n<tool_", "call>\n<function=weather>\n<parameter=city>\nRome\n</par", "ameter>\n</function>\n</tool",
            "_call>"],
            "{% for t in tools or [] %}<tool_call><function={{ t.function.name }}><parameter=key>{% endfor %}"),
        ["mistral"] = (["[TOOL_CALLS]", " [{\"name\": \"weather\", \"arguments\": {\"city\"", ": \"Paris\"}}, ",
            "{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}]"], "{% if tools %}[TOOL_CALLS]{{ tools | tojson }}{% endif %}"),
        ["llama-3"] = (["<|python_tag|>", "{\"name\": \"weather\", \"para", "meters\": {\"city\": \"Paris\"}}", "; ",
            "{\"name\": \"weather\", \"parameters\": {\"city\": \"Rome\"}} "],
                "{% if tools %}{\"name\":, \"parameters\": }{{ tools | tojson }}{% endif %}"),
    };

    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    public static TheoryData<string> Families => [.. s_families.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public async Task A_model_calls_and_hears_the_result(string family)
    {
        await using var server = await StartAsync(family);
        var client = OpenAiClientTests.Client(server);
        var options = new ChatCompletionOptions { Tools = { Weather } };
        var messages = new List<ChatMessage> { new UserChatMessage("Weather in Paris and Rome?") };

        var asked = (await client.CompleteChatAsync(messages, options)).Value;
        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        var before = family is "hermes" or "qwen3-coder" ? "Let me see.\n" : "";
        Assert.Equal(before, string.Concat(asked.Content.Select(static part => part.Text)));
        AssertCalls(asked.ToolCalls.Select(static call => (call.Id, call.FunctionName, call.FunctionArguments.ToString())));

        var streamed = new SortedDictionary<int, (string Id, string Name, StringBuilder Arguments)>();
        var text = new StringBuilder();
        ChatFinishReason? finish = null;
        await foreach (var update in client.CompleteChatStreamingAsync(messages, options))
        {
            text.Append(string.Concat(update.ContentUpdate.Select(static part => part.Text)));
            finish = update.FinishReason ?? finish;
            foreach (var call in update.ToolCallUpdates)
            {
                if (!streamed.ContainsKey(call.Index))
                    streamed[call.Index] = (call.ToolCallId, call.FunctionName, new());
                streamed[call.Index].Arguments.Append(call.FunctionArgumentsUpdate?.ToString());
            }
        }
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        Assert.Equal(before, text.ToString());
        AssertCalls(streamed.Values.Select(static call => (call.Id, call.Name, call.Arguments.ToString())));

        messages.Add(new AssistantChatMessage(asked));
        messages.AddRange(asked.ToolCalls.Select(static call => new ToolChatMessage(call.Id, Result)));
        var answer = (await client.CompleteChatAsync(messages, options)).Value;
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal("It is 12 degrees.", answer.Content[0].Text);
    }

    [Fact]
    public async Task Who_does_not_want_calls_gets_text()
    {
        await using var server = await StartAsync("hermes");
        var options = new ChatCompletionOptions { Tools = { Weather }, ToolChoice = ChatToolChoice.CreateNoneChoice() };
        var answer = (await OpenAiClientTests.Client(server).CompleteChatAsync([new UserChatMessage("Weather?")], options)).Value;
        Assert.Empty(answer.ToolCalls);
        Assert.Equal("I have no tools.", answer.Content[0].Text);
    }

    internal static ChatTool Weather { get; } = ChatTool.CreateFunctionTool("weather", "The weather of a city",
        BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));

    /// <summary>
    /// A model that calls where it is given tools, and answers where it is given a result; the template checks that it came whole.
    /// </summary>
    internal static async Task<RunningServer> StartAsync(string family, TemporaryFolder folder) =>
        await RunningServer.StartAsync(Model(family, folder));

    internal static string Model(string family, TemporaryFolder folder)
    {
        var (call, tools) = s_families[family];
        var model = ScriptedModel.Write(Path.Combine(folder.Path, family), new Dictionary<string, string[]>
        {
            ["<|call|>"] = call,
            ["<|answer|>"] = ["It is", " 12 deg", "rees."],
            ["<|plain|>"] = ["I have", " no tools."],
        }, "[TOOL_CALLS]", "<|python_tag|>");
        File.WriteAllText(Path.Combine(model, "chat_template.jinja"),
            tools + "{% for m in messages %}{{ m.role }}: {{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function.arguments.city "
                + "}}{% endfor %}\n"
            + "{% endfor %}{% if messages[-1].role == 'tool' and messages[-1].content == '" + Result
            + "' and messages[-3].tool_calls[1].function"
            + ".arguments.city == 'Rome' %}<|answer|>{% elif tools %}<|call|>{% else %}<|plain|>{% endif %}");
        return model;
    }

    private Task<RunningServer> StartAsync(string family) => StartAsync(family, _folder);

    private static void AssertCalls(IEnumerable<(string Id, string Name, string Arguments)> calls)
    {
        var all = calls.ToArray();
        Assert.Equal(2, all.Length);
        Assert.All(all, static call => Assert.Equal(("weather", 9), (call.Name, call.Id.Length)));
        Assert.NotEqual(all[0].Id, all[1].Id);
        Assert.Equal(["Paris", "Rome"], all.Select(static call => (string)JsonNode.Parse(call.Arguments)!["city"]!));
    }
}
