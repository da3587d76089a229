using System.Text;
using Espalier.Server.Requests;

namespace Espalier.Server.Tests;

/// <summary>What is read of a body.</summary>
public sealed class RequestReadingTests
{
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
