using Espalier.Files;
using Espalier.Server.Tools;
using Espalier.Tests;
using OpenAI.Chat;

namespace Espalier.Server.Tests;

/// <summary>Calls that end with the length of an answer: given as far as they came, as OpenAI gives them.</summary>
public sealed class CutCallTests : TorchTest
{
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
    [InlineData("Tagged", "<tool_call>{\"name\": \"weat", null)]
    [InlineData("Tagged", "<tool_call>{\"name\": \"rain\", \"arguments\": {", null)]
    [InlineData("Tagged", "<tool_call>{}", null)]
    [InlineData("Listed", "[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": {\"a\": {}}}, {\"name\": \"weather\", \"arguments\": {\"b",
        "weather {\"a\": {}}|weather {\"b")]
    [InlineData("Bare", "{\"name\": \"weather\", \"parameters\": {}}; {\"name\": \"weather\", \"parameters\": {\"b\": [1",
        "weather {}|weather {\"b\": [1")]
    [InlineData("Bare", "{\"answer\": 4", null)]
    public void A_call_is_given_as_far_as_it_came(string form, string text, string? calls)
    {
        var reader = new ToolCallText(Enum.Parse<ToolForm>(form), new HashSet<string> { "weather" });
        var plain = reader.Append(text) + reader.Finish(isCut: true);
        Assert.Equal(calls is null ? text : "", plain);
        Assert.Equal(calls ?? "", string.Join('|', reader.TakeCalls().Select(static call => $"{call.Name} {call.Arguments}")));
        Assert.Equal(calls is not null, reader.EndsCut);
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
}
