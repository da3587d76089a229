using System.Net;
using System.Net.Sockets;
using System.Text;
using Espalier.Tests;

namespace Espalier.Server.Tests;

/// <summary>Bodies that nobody should send: an answer of the 4xx kind in OpenAI's form, with a reason, and the server goes on.</summary>
public sealed class HostileBodyTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    public static TheoryData<string, string, int, string?, string> Bodies => new()
    {
        { "completions", "", 400, null, "the body is empty;" },
        { "completions", "{", 400, null, "not acceptable JSON" },
        { "completions", "null", 400, null, "the body is null" },
        { "completions", "[]", 400, null, "the body is a list" },
        { "completions", "{\"prompt\":\"a\",\"prompt\":\"b\"}", 400, null, "without duplicate fields" },
        { "completions", "{\"prompt\":\"a\",\"prompt\":\"b\"}", 400, null, "(a field appears twice in an object)" },
        { "chat/completions",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"tool\",\"content\":\"12\",\"tool_call_id\":\"x\"}]}",
            400, "messages[1].role", "no assistant message with tool_calls comes before it" },
        { "chat/completions", $"{{\"messages\":[{Calls("a")},{{\"role\":\"tool\",\"content\":\"12\",\"tool_call_id\":\"b\"}}]}}", 400,
            "messages[1].tool_call_id", "is 'b', but no call before it has that id" },
        { "chat/completions", $"{{\"messages\":[{Calls("a", "b")},{{\"role\":\"tool\",\"content\":\"12\"}}]}}", 400,
            "messages[1].tool_call_id", "is missing, but the message before it has 2 calls" },
        { "chat/completions",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
                + "\"tools\":[{\"function\":{\"name\":\"f\"}},{\"function\":{\"name\":\"f\"}}]}", 400,
            "tools[1].function.name", "as an earlier tool's" },
        { "completions", "{}", 400, "prompt", "prompt is missing" },
        { "completions", "{\"prompt\":{}}", 400, "prompt", "is an object" },
        { "completions", "{\"prompt\":[]}", 400, "prompt", "empty list" },
        { "completions", "{\"prompt\":[[]]}", 400, "prompt", "must be a text" },
        { "completions", "{\"prompt\":[1,\"a\"]}", 400, "prompt", "token ids" },
        { "completions", "{\"prompt\":[1.5]}", 400, "prompt", "token ids" },
        { "completions", "{\"prompt\":[4096]}", 400, null, "id 4096 at position 0" },
        { "completions", "{\"prompt\":[-1]}", 400, null, "id -1 at position 0" },
        { "completions", "{\"prompt\":\"\\ud800\"}", 400, "prompt", "half of a surrogate pair" },
        { "completions", "{\"\\ud800\":1}", 400, null, "half of a surrogate pair" },
        { "chat/completions",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],"
                + "\"tools\":[{\"function\":{\"name\":\"f\",\"description\":\"\\udc00\"}}]}",
            400, "tools[0].function.description", "half of a surrogate pair" },
        { "chat/completions",
            "{\"messages\":[{\"role\":\"assistant\","
                + "\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\\\"\\\\ud800\\\"}\"}}]}]}",
            400, "messages[0].tool_calls[0].function.arguments", "not JSON" },
        { "completions", "{\"prompt\":\"a\",\"n\":0}", 400, "n", "from 1 to 128" },
        { "completions", "{\"prompt\":\"a\",\"n\":1e99}", 400, "n", "a whole number" },
        { "completions", "{\"prompt\":\"a\",\"n\":1.5}", 400, "n", "a whole number" },
        { "completions", "{\"prompt\":\"a\",\"seed\":9007199254740994.0}", 400, "seed", "a whole number" },
        { "completions", "{\"prompt\":\"a\",\"n\":\"1\"}", 400, "n", "is a text" },
        { "completions", "{\"prompt\":\"a\",\"temperature\":-1}", 400, "temperature", "from 0 to 100" },
        { "completions", "{\"prompt\":\"a\",\"temperature\":1e999}", 400, "temperature", "a number" },
        { "completions", "{\"prompt\":\"a\",\"repetition_penalty\":1e-46}", 400, "repetition_penalty", "from 0.01 to 1000000" },
        { "completions", "{\"prompt\":\"a\",\"top_p\":0}", 400, "top_p", "is 0; it must be above 0" },
        { "completions", "{\"prompt\":\"a\",\"max_tokens\":-1}", 400, "max_tokens", "from 0" },
        { "completions", "{\"prompt\":\"a\",\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", 400, "stop", "at most 4" },
        { "completions", "{\"prompt\":\"a\",\"stop\":[1]}", 400, "stop", "the number 1" },
        { "completions", "{\"prompt\":\"a\",\"stop\":\"\"}", 400, "stop", "0 characters" },
        { "completions", "{\"prompt\":\"a\",\"logprobs\":6}", 400, "logprobs", "from 0 to 5" },
        { "completions", "{\"prompt\":\"a\",\"logit_bias\":{\"5\":1}}", 400, "logit_bias", "not supported" },
        { "completions", "{\"prompt\":\"a\",\"best_of\":3}", 400, "best_of", "best_of is 3" },
        { "completions", "{\"prompt\":\"a\",\"max_tokns\":3}", 400, "max_tokns", "did you mean max_tokens" },
        { "completions", "{\"prompt\":\"a\",\"stream_options\":{}}", 400, "stream_options", "stream is not true" },
        { "completions", "{\"prompt\":\"a\",\"response_format\":{}}", 400, "response_format.type", "has no type" },
        { "completions", "{\"prompt\":\"a\",\"response_format\":{\"type\":\"xml\"}}", 400, "response_format.type", "'xml'" },
        { "completions", "{\"prompt\":\"a\",\"response_format\":{\"type\":\"json_schema\"}}", 400, "response_format.json_schema",
            "is missing" },
        { "completions", "{\"prompt\":\"a\",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\"}}}", 400,
            "response_format.json_schema.schema", "is missing" },
        { "completions",
            "{\"prompt\":\"a\",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"schema\":{\"not\":{}}}}}",
            400, "response_format.json_schema.schema", "the keyword not is not supported" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tool_choice\":\"required\"}", 400, "tool_choice",
            "there are no tools" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tool_choice\":{\"type\":\"allowed_tools\"}}", 400,
            "tool_choice.type", "only function" },
        { "completions", "{\"prompt\":\"a\",\"seed\":99999999999999999999}", 400, "seed", "a whole number" },
        { "chat/completions", "{}", 400, "messages", "messages is missing" },
        { "chat/completions", "{\"messages\":[]}", 400, "messages", "empty list" },
        { "chat/completions", "{\"messages\":[5]}", 400, "messages[0]", "is the number 5" },
        { "chat/completions", "{\"messages\":[{}]}", 400, "messages[0].role", "is missing" },
        { "chat/completions", "{\"messages\":[{\"role\":\"king\",\"content\":\"\"}]}", 400, "messages[0].role", "'king'" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\"}]}", 400, "messages[0].content", "is missing" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}", 400,
            "messages[0].content[0].type", "reads text only" },
        { "chat/completions",
            "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}]}", 400,
            "messages[0].tool_calls[0].function.arguments", "not JSON" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[{\"type\":\"browser\"}]}", 400,
            "tools[0].type", "only function" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"reasoning_effort\":\"low\"}", 400,
            "reasoning_effort", "does not support reasoning_effort" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"verbosity\":4}", 400, "verbosity",
            "is the number 4" },
        { "chat/completions", Variables("{\"messages\":[]}"), 400, "chat_template_kwargs.messages", "comes from the messages" },
        { "chat/completions", Variables($"{{\"n\":{new string('7', 30_000)}}}"), 400, "messages", "a number has 30000 characters" },
        { "chat/completions", Variables("{\"tools\":null}"), 400, "chat_template_kwargs.tools", "comes from the messages" },
        { "chat/completions", Variables("{\"bos_token\":\"\"}"), 400, "chat_template_kwargs.bos_token", "comes from the messages" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"top_logprobs\":3}", 400, "top_logprobs",
            "logprobs is not true" },
        { "chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"modalities\":[\"audio\"]}", 400, "modalities",
            "only text" },
    };

    private static string Variables(string json) =>
        $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"a\"}}],\"chat_template_kwargs\":{json}}}";

    private static string Calls(params string[] ids) => "{\"role\":\"assistant\",\"tool_calls\":["
        + string.Join(',', ids.Select(static id => $"{{\"id\":\"{id}\",\"function\":{{\"name\":\"f\",\"arguments\":\"{{}}\"}}}}")) + "]}";

    [Fact]
    public async Task Each_gets_a_reason_and_the_server_goes_on()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path));
        foreach (var row in Bodies)
        {
            var (path, body, expected, param, reason) = ((string)row[0]!, (string)row[1]!, (int)row[2]!, (string?)row[3], (string)row[4]!);
            var (status, answer) = await server.PostAsync($"/v1/{path}", body);
            var shown = $"{body} -> {status} {answer.ToJsonString()}";
            Assert.True(status == expected, shown);
            Assert.True(((string)answer["error"]!["message"]!).Contains(reason, StringComparison.Ordinal), shown);
            Assert.True((string?)answer["error"]!["param"] == param, shown);
            Assert.Equal("invalid_request_error", (string)answer["error"]!["type"]!);
        }
        var (deep, error) = await server.PostAsync("/v1/completions", new string('[', 100_000));
        Assert.Equal(400, deep);
        Assert.Contains("at most 64", (string)error["error"]!["message"]!);
        var (large, tooLarge) = await server.PostAsync("/v1/completions", "{\"prompt\":\"" + new string('a', 2 << 20) + "\"}");
        Assert.Equal(413, large);
        Assert.Contains("larger than 1048576 bytes", (string)tooLarge["error"]!["message"]!);
        Assert.Equal(415, (await server.PostAsync("/v1/completions", "{\"prompt\":\"a\"}", "text/plain")).Status);
        Assert.Equal(404, (await server.PostAsync("/v1/nothing", "{}")).Status);
        using var get = await server.Http.GetAsync("/v1/completions");
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (get.StatusCode, get.Content.Headers.Allow.Single()));
        using var random = new ByteArrayContent([.. Enumerable.Range(0, 4000).Select(static i => (byte)(i * 7919 % 251))]);
        random.Headers.ContentType = new("application/json");
        using var refused = await server.Http.PostAsync("/v1/chat/completions", random);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        using var broken = new ByteArrayContent([.. "{\"prompt\":\"a"u8, 0xFF, 0xFE, .. "\"}"u8]);
        broken.Headers.ContentType = new("application/json");
        using var noText = await server.Http.PostAsync("/v1/completions", broken);
        Assert.Contains("prompt has bytes that are not UTF-8", await noText.Content.ReadAsStringAsync());
        Assert.NotNull(await server.AskAsync("/v1/completions", new() { ["prompt"] = "a", ["max_tokens"] = 1 }));
        server.AssertAllFree();
    }

    [Fact]
    public async Task Who_sends_too_much_sees_the_answer_and_no_broken_connection()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path));
        // By a socket that sends all of it before it reads, as simple clients do.
        for (var i = 0; i < 20; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.Http.BaseAddress!.Host, server.Http.BaseAddress.Port);
            var stream = client.GetStream();
            var body = Encoding.ASCII.GetBytes("{\"prompt\":\"" + new string('a', 4 << 20) + "\"}");
            await stream.WriteAsync(Encoding.ASCII.GetBytes("POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"));
            await stream.WriteAsync(body);
            using var reader = new StreamReader(stream);
            Assert.Equal("HTTP/1.1 413 Payload Too Large", await reader.ReadLineAsync());
        }
    }

    [Fact]
    public async Task A_model_without_a_template_says_so()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.WithoutTemplate(_folder.Path));
        var (status, answer) = await server.PostAsync("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}");
        Assert.Equal(400, status);
        Assert.Contains("no chat template", (string)answer["error"]!["message"]!);
    }

    [Fact]
    public async Task Without_a_key_only_this_machines_programs_are_answered()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { Host = "evil.example" } };
        using var refused = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var local = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { Host = "localhost:1" } };
        using var answered = await server.Http.SendAsync(local);
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
    }

    [Fact]
    public async Task With_a_key_nobody_else_is_answered()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, key: "correct-horse");
        foreach (var (header, expected) in ((string?, HttpStatusCode)[])
            [
                (null, HttpStatusCode.Unauthorized), ("Bearer wrong", HttpStatusCode.Unauthorized),
                ("Basic correct-horse", HttpStatusCode.Unauthorized),
                ("Bearer ", HttpStatusCode.Unauthorized), ("Bearer correct-horse", HttpStatusCode.OK),
            ])
        {
            foreach (var path in (string[])["/v1/models", "/metrics", "/nothing"])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                if (header is not null)
                    request.Headers.TryAddWithoutValidation("Authorization", header);
                using var response = await server.Http.SendAsync(request);
                Assert.Equal(expected == HttpStatusCode.OK && path == "/nothing" ? HttpStatusCode.NotFound : expected, response.StatusCode);
            }
        }
        // A balancer asks without it.
        using var health = await server.Http.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public void Others_are_let_in_with_a_key_only()
    {
        Assert.Contains("set a key", Assert.Throws<EspalierException>(() =>
            new Http.HttpServerOptions { Address = IPAddress.Any }.Validate()).Message);
        Assert.Contains("at least 8",
            Assert.Throws<EspalierException>(() => new Http.HttpServerOptions { ApiKey = "short" }.Validate()).Message);
        new Http.HttpServerOptions { Address = IPAddress.Any, ApiKey = "long-enough" }.Validate();
        new Http.HttpServerOptions { Address = IPAddress.IPv6Loopback }.Validate();
    }

    /// <summary>What is no HTTP at all, half of a request, and a body that never comes.</summary>
    [Fact]
    public async Task Connections_that_say_nonsense_harm_nobody()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher);
        foreach (var said in (string[])["\0\0\0\0\n\n", "GET",
            "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 9999\r\n\r\n{\"prompt\":", "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"])
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(server.V1.Host, server.V1.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(said));
        }
        Assert.NotNull(await server.AskAsync("/v1/completions", new() { ["prompt"] = "a", ["max_tokens"] = 1 }));
        server.AssertAllFree();
    }
}
