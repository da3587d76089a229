using Espalier.Server.Clients;
using Microsoft.Extensions.AI;

namespace Espalier.Server.Tests;

/// <summary>Messages of Microsoft.Extensions.AI as templates read them.</summary>
public sealed class ClientMessagesTests
{
    private static readonly FunctionResultContent s_result = new("a", "12 degrees");

    [Fact]
    public void Text_beside_a_result_is_a_message_after_it() => Assert.Equal(
        ["tool: 12 degrees", "tool: 12 degrees", "user: And tomorrow?"],
        Roles(new(ChatRole.User, [s_result, new TextContent("And tomorrow?"), s_result])));

    [Fact]
    public void An_answer_that_has_calls_results_and_text_is_a_message_of_each_in_their_order() => Assert.Equal(
        ["assistant: Let me see. weather", "tool: 12 degrees", "assistant: It is cold."],
        Roles(new(ChatRole.Assistant,
        [
            new TextContent("Let me see."), new FunctionCallContent("a", "weather"), s_result, new TextContent("It is cold."),
        ])));

    [Fact]
    public void What_a_result_cannot_stand_beside_is_refused()
    {
        Assert.Contains("more than results", Assert.Throws<EspalierException>(() =>
            Roles(new(ChatRole.Tool, [s_result, new TextContent("And tomorrow?")]))).Message);
        Assert.Contains("reads text only", Assert.Throws<EspalierException>(() =>
            Roles(new(ChatRole.User, [s_result, new DataContent(new byte[] { 1 }, "image/png")]))).Message);
        Assert.Equal(["tool: 12 degrees"], Roles(new(ChatRole.Tool, [s_result, new TextContent("")])));
    }

    private static string[] Roles(ChatMessage message) =>
        [.. ClientMessages.Request([message], new(), new()).Messages.Select(static one => $"{one.Fields["role"]}: {one.Fields["content"]}"
            + string.Concat((one.Fields["tool_calls"] as System.Text.Json.Nodes.JsonArray ?? [])
                .Select(static call => $" {call!["function"]!["name"]}")))];
}
