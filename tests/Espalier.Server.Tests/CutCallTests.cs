using Espalier.Server.Tools;
using Espalier.Tests;
using OpenAI.Chat;
using Extensions = Microsoft.Extensions.AI;

namespace Espalier.Server.Tests;

/// <summary>Calls that end with the length of an answer: given as far as they came, as OpenAI gives them.</summary>
public sealed class CutCallTests : TorchTest
{
    private static KnownTools Weather =>
        new(new JsonArray(new JsonObject { ["function"] = new JsonObject { ["name"] = "weather" } }));

    private static readonly Extensions.AIFunctionDeclaration s_weather = Extensions.AIFunctionFactory.CreateDeclaration("weather",
        "The weather of a city", JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}}}""").RootElement);

    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Theory]
    [InlineData("Tagged", "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Par", "weather {\"city\": \"Par")]
    [InlineData("Tagged", "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}", "weather {\"city\": \"Paris\"}")]
    [InlineData("Tagged", "<tool_call>{\"name\": \"weather\", \"argum", "weather ")]
    [InlineData("Tagged", "<tool_call>{\"name\": \"weat", "")]
    [InlineData("Tagged", "<tool_call>", "")]
    [InlineData("Tagged", "<tool_call>{\"na", "")]
    [InlineData("Tagged", "<tool_call>{\"name\": 4,", null)]
    [InlineData("Tagged", "<tool_call>{\"city\": \"Pa", null)]
    [InlineData("Tagged", "<tool_call>{\"name\": \"\\ud800\",", null)]
    [InlineData("Tagged", "<tool_call>{\"\\ud800\": \"weather\",", null)]
    [InlineData("Listed", "[TOOL_CALLS] [", "")]
    [InlineData("Bare", "{\"name\": \"weat", null)]
    [InlineData("Tagged", "<tool_call>{\"name\": \"rain\", \"arguments\": {", null)]
    [InlineData("Tagged", "<tool_call>{}", null)]
    [InlineData("Listed", "[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": {\"a\": {}}}, {\"name\": \"weather\", \"arguments\": {\"b",
        "weather {\"a\": {}}|weather {\"b")]
    [InlineData("Bare", "{\"name\": \"weather\", \"parameters\": {}}; {\"name\": \"weather\", \"parameters\": {\"b\": [1",
        "weather {}|weather {\"b\": [1")]
    [InlineData("Bare", "{\"answer\": 4", null)]
    [InlineData("Tagged", "<tool_call>{\"name\": \"\\ud83d\", \"argum", null)]
    [InlineData("Tagged", "<tool_call>{\"\\ud83d\": \"weather", null)]
    public void A_call_is_given_as_far_as_it_came(string form, string text, string? calls)
    {
        var reader = new ToolCallText(Enum.Parse<ToolForm>(form), Weather);
        var plain = reader.Append(text) + reader.Finish(isCut: true);
        Assert.Equal(calls is null ? text : "", plain);
        Assert.Equal(!string.IsNullOrEmpty(calls), reader.HasCalls);
        Assert.Equal(calls ?? "", string.Join('|', reader.TakeCalls().Select(static call => $"{call.Name} {call.Arguments}")));
        Assert.Equal(calls is not null, reader.EndsCut);
    }

    [Theory]
    [InlineData("Tagged", "<tool_c")]
    [InlineData("Tagged", "<tool_call>{\"name\": \"weat")]
    [InlineData("Listed", "[TOOL")]
    [InlineData("Bare", "{\"na")]
    [InlineData("Bare", "{\"name\": \"weat")]
    public void Of_an_answer_that_must_be_a_call_no_half_of_a_name_is_text(string form, string text)
    {
        var reader = new ToolCallText(Enum.Parse<ToolForm>(form), Weather, isAllCalls: true);
        Assert.Equal("", reader.Append(text) + reader.Finish(isCut: true));
        Assert.Empty(reader.TakeCalls());
        Assert.False(reader.HasCalls);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_requires_a_call_sees_none_where_its_name_is_cut(bool streams)
    {
        await using var server = await ToolTests.StartAsync("mistral", _folder);
        var options = new ChatCompletionOptions
        {
            Tools = { ToolTests.Weather },
            ToolChoice = ChatToolChoice.CreateRequiredChoice(),
            MaxOutputTokenCount = 1,
        };
        var client = OpenAiClientTests.Client(server);
        if (!streams)
        {
            var answer = (await client.CompleteChatAsync([new UserChatMessage("Weather?")], options)).Value;
            Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
            Assert.Empty(answer.ToolCalls);
            Assert.Equal("", string.Concat(answer.Content.Select(static part => part.Text)));
            return;
        }
        ChatFinishReason? reason = null;
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Weather?")], options))
        {
            Assert.Empty(update.ToolCallUpdates);
            Assert.Equal("", string.Concat(update.ContentUpdate.Select(static part => part.Text)));
            reason = update.FinishReason ?? reason;
        }
        Assert.Equal(ChatFinishReason.Length, reason);
    }

    [Fact]
    public async Task A_client_sees_the_call_and_that_it_is_cut()
    {
        await using var server = await ToolTests.StartAsync("mistral", _folder);
        var options = new ChatCompletionOptions { Tools = { ToolTests.Weather }, MaxOutputTokenCount = 2 };
        var answer = (await OpenAiClientTests.Client(server).CompleteChatAsync([new UserChatMessage("Weather?")], options)).Value;
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        var call = Assert.Single(answer.ToolCalls);
        Assert.Equal(("weather", "{\"city\""), (call.FunctionName, call.FunctionArguments.ToString()));
    }

    [Fact]
    public async Task A_client_in_the_same_program_sees_that_the_arguments_are_none()
    {
        using var client = ModelChatClient.Load(ToolTests.Model("mistral", _folder), threads: 2);
        var answer = await client.GetResponseAsync([new(Extensions.ChatRole.User, "Weather?")],
            new() { Tools = [s_weather], MaxOutputTokens = 2 });
        var call = Assert.Single(answer.Messages.SelectMany(static message => message.Contents).OfType<Extensions.FunctionCallContent>());
        Assert.Equal("weather", call.Name);
        Assert.Null(call.Arguments);
        Assert.NotNull(call.Exception);
    }

    [Fact]
    public async Task A_client_in_the_same_program_gets_calls_in_marks()
    {
        using var client = ModelChatClient.Load(ToolTests.Model("qwen3-coder", _folder), threads: 2);
        var answer = await client.GetResponseAsync([new(Extensions.ChatRole.User, "Weather?")], new() { Tools = [s_weather] });
        Assert.Equal(["Paris", "Rome"], answer.Messages.SelectMany(static message => message.Contents)
            .OfType<Extensions.FunctionCallContent>().Select(static call => call.Arguments!["city"]!.ToString()));
        Assert.Equal("Let me see.\n", answer.Text);
    }
}
