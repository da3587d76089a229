using System.Net;
using System.Text;
using Espalier.Tests;

namespace Espalier.Server.Tests;

/// <summary>Many connections at once of which each must get what its own schema or tool says, a third leaving in the middle.</summary>
public sealed class ManyFormsTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public async Task Each_of_500_gets_the_value_of_its_own_schema_or_tool_and_nothing_leaks()
    {
        const int Connections = 500;
        var template = Path.Combine(_folder.Path, "tools.jinja");
        File.WriteAllText(template,
            "{% if tools %}<tool_call>{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:");
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, template,
            new() { Batch = 16, Queue = Connections, Context = 512 });
        server.Http.Timeout = Timeout.InfiniteTimeSpan;

        var answers = await Task.WhenAll(Enumerable.Range(0, Connections).Select(async i =>
        {
            var leaves = i % 3 == 0;
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new StringContent(Body(i, streams: leaves).ToJsonString(), Encoding.UTF8, "application/json"),
            };
            using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            if (!leaves)
                return JsonNode.Parse(await reader.ReadToEndAsync())!["choices"]![0]!;
            for (var line = 0; line < 1 + i % 5; line++)
                await reader.ReadLineAsync();
            return null;
        }));

        for (var i = 0; i < Connections; i++)
            if (answers[i] is { } answer)
                Assert.Equal(i, Value(answer, i));
        server.AssertAllFree();
    }

    // Of a schema that one value fits, and of a tool whose arguments have but one value.
    private static JsonObject Body(int i, bool streams)
    {
        var body = new JsonObject
        {
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = $"{i}?" }),
            ["max_tokens"] = 400,
            ["temperature"] = 1,
            ["seed"] = i,
            ["stream"] = streams,
        };
        if (i % 2 == 0)
        {
            var schema = $$"""{"type":"json_schema","json_schema":{"name":"n","schema":{"const":{"v":{{i}} } } } }""";
            body["response_format"] = JsonNode.Parse(schema);
            return body;
        }
        var function = $$"""{"name":"f{{i}}","parameters":{"type":"object","required":["v"],"properties":{"v":{"const":{{i}} } } } }""";
        body["tools"] = new JsonArray(new JsonObject { ["type"] = "function", ["function"] = JsonNode.Parse(function) });
        body["tool_choice"] = "required";
        body["parallel_tool_calls"] = false;
        return body;
    }

    private static int Value(JsonNode choice, int i)
    {
        if (i % 2 == 0)
            return (int)JsonNode.Parse((string)choice["message"]!["content"]!)!["v"]!;
        Assert.Equal("tool_calls", (string)choice["finish_reason"]!);
        var call = Assert.Single(choice["message"]!["tool_calls"]!.AsArray())!["function"]!;
        Assert.Equal($"f{i}", (string)call["name"]!);
        return (int)JsonNode.Parse((string)call["arguments"]!)!["v"]!;
    }
}
