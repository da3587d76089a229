using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Espalier.Tests;
using Microsoft.Extensions.AI;

namespace Espalier.Server.Tests;

/// <summary>The model as Microsoft.Extensions.AI's clients are used.</summary>
public sealed class ModelChatClientTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    private static AIFunctionDeclaration Weather { get; } = AIFunctionFactory.CreateDeclaration("weather", "The weather of a city",
        JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}}}""").RootElement);

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public async Task An_answer_is_whole_streamed_and_the_servers()
    {
        var template = RunningServer.PlainTemplate(_folder.Path);
        using var client = ModelChatClient.Load(RunningServer.Teacher, template, threads: 2);
        var options = new ChatOptions { Temperature = 0, MaxOutputTokens = 20 };
        var whole = await client.GetResponseAsync("Once upon a time", options);
        Assert.Equal((ChatFinishReason.Length, 20L), (whole.FinishReason, whole.Usage!.OutputTokenCount));
        var streamed = "";
        await foreach (var update in client.GetStreamingResponseAsync("Once upon a time", options))
            streamed += update.Text;
        Assert.Equal(whole.Text, streamed);
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, template);
        var answer = await server.AskAsync("/v1/chat/completions", new()
        {
            ["messages"] = new System.Text.Json.Nodes.JsonArray(
                new System.Text.Json.Nodes.JsonObject { ["role"] = "user", ["content"] = "Once upon a time" }),
            ["temperature"] = 0,
            ["max_tokens"] = 20,
        });
        Assert.Equal((string)answer["choices"]![0]!["message"]!["content"]!, whole.Text);
        Assert.Equal("quickstart-teacher", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Same(client, client.GetService<ModelChatClient>());
    }

    [Fact]
    public void The_arithmetic_of_the_thread_that_loads_stays_its_own()
    {
        bool before = false, after = false;
        var thread = new Thread(() =>
        {
            // Inherited from the test's own thread, which computes: the defaults of C's fesetenv(FE_DFL_ENV) again.
            var c = NativeLibrary.Load("libm.so.6");
            Assert.Equal(0, Marshal.GetDelegateForFunctionPointer<SetArithmetic>(NativeLibrary.GetExport(c, "fesetenv"))(-1));
            before = HasDenormals();
            using var client = ModelChatClient.Load(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path), threads: 2);
            after = HasDenormals();
        });
        thread.Start();
        thread.Join();
        Assert.Equal((true, true), (before, after));
    }

    private delegate int SetArithmetic(nint environment);

    private static float s_smallest = BitConverter.Int32BitsToSingle(0x00800000);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool HasDenormals() => Volatile.Read(ref s_smallest) / 2 != 0;

    [Fact]
    public async Task Functions_are_called_and_their_results_heard()
    {
        using var client = ModelChatClient.Load(ToolTests.Model("hermes", _folder), threads: 2);
        var asked = new List<string>();
        var weather = AIFunctionFactory.CreateDeclaration("weather", "The weather of a city",
            JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}}}""").RootElement);
        var messages = new List<ChatMessage> { new(ChatRole.User, "Weather in Paris and Rome?") };
        var response = await client.GetResponseAsync(messages, new() { Tools = [weather] });
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        messages.AddRange(response.Messages);
        foreach (var call in response.Messages.SelectMany(static message => message.Contents).OfType<FunctionCallContent>())
        {
            asked.Add(call.Arguments!["city"]!.ToString()!);
            messages.Add(new(ChatRole.Tool, [new FunctionResultContent(call.CallId, "12 degrees")]));
        }
        Assert.Equal(["Paris", "Rome"], asked);
        Assert.Equal("It is 12 degrees.", (await client.GetResponseAsync(messages, new() { Tools = [weather] })).Text);
    }

    [Fact]
    public async Task Schemas_and_required_functions_are_kept()
    {
        using var client = ModelChatClient.Load(ToolTests.Model("mistral", _folder), threads: 2);
        var schema = JsonDocument.Parse("""{"type":"object","properties":{"a":{"enum":[1]}},"required":["a"]}""").RootElement;
        var answer = await client.GetResponseAsync("Hello",
            new() { Temperature = 0, ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) });
        Assert.Equal(1, JsonDocument.Parse(answer.Text).RootElement.GetProperty("a").GetInt32());
        var weather = AIFunctionFactory.CreateDeclaration("weather", "", JsonDocument.Parse("""{"type":"object"}""").RootElement);
        var asked = await client.GetResponseAsync("Hello", new() { Tools = [weather], ToolMode = ChatToolMode.RequireSpecific("weather") });
        Assert.Equal(["weather"], asked.Messages.SelectMany(static message => message.Contents).OfType<FunctionCallContent>()
            .Select(static call => call.Name));
        Assert.Contains("other is not among the tools", (await Assert.ThrowsAsync<EspalierException>(() => client.GetResponseAsync("Hello",
            new() { Tools = [weather], ToolMode = ChatToolMode.RequireSpecific("other") }))).Message);
    }

    [Fact]
    public async Task A_schema_and_tools_together_are_refused_as_the_server_refuses_them()
    {
        using var client = ModelChatClient.Load(ToolTests.Model("mistral", _folder), threads: 2);
        foreach (var mode in (ChatToolMode[])[ChatToolMode.Auto, ChatToolMode.RequireAny])
            Assert.Contains("cannot be combined with tools", (await Assert.ThrowsAsync<EspalierException>(() => client.GetResponseAsync("Hello",
                new() { Tools = [Weather], ToolMode = mode, ResponseFormat = ChatResponseFormat.Json }))).Message);
        // Tools that may not be called are none.
        Assert.NotNull(await client.GetResponseAsync("Hello",
            new() { Tools = [Weather], ToolMode = ChatToolMode.None, ResponseFormat = ChatResponseFormat.Json, MaxOutputTokens = 8 }));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public async Task A_call_that_is_cut_is_given_without_arguments_and_says_so(int tokens, int calls)
    {
        using var client = ModelChatClient.Load(ToolTests.Model("mistral", _folder), threads: 2);
        var cut = await client.GetResponseAsync("Weather?", new() { Tools = [Weather], MaxOutputTokens = tokens });
        Assert.Equal(ChatFinishReason.Length, cut.FinishReason);
        var all = cut.Messages.SelectMany(static message => message.Contents).OfType<FunctionCallContent>().ToArray();
        Assert.Equal(calls, all.Length);
        Assert.All(all, static call => Assert.Equal(("weather", null), (call.Name, call.Arguments)));
        Assert.All(all, static call => Assert.Contains("the answer was cut", Assert.IsType<EspalierException>(call.Exception).Message));
    }

    [Fact]
    public async Task What_cannot_be_is_said_in_one_line()
    {
        Assert.Contains("has no chat template", Assert.Throws<EspalierException>(() =>
            ModelChatClient.Load(RunningServer.WithoutTemplate(_folder.Of()))).Message);
        using var client = ModelChatClient.Load(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path), threads: 2);
        var image = new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]);
        Assert.Contains("reads text only", (await Assert.ThrowsAsync<EspalierException>(() => client.GetResponseAsync([image]))).Message);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetResponseAsync("Once", cancellationToken: stop.Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_is_cancelled_or_left_frees_its_room(bool cancels)
    {
        using var client = ModelChatClient.Load(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path), threads: 2);
        using var stop = new CancellationTokenSource();
        var updates = client.GetStreamingResponseAsync("Once upon a time", new() { Temperature = 0 }, stop.Token)
            .GetAsyncEnumerator(CancellationToken.None);
        Assert.True(await updates.MoveNextAsync());
        Assert.Null(updates.Current.FinishReason);
        if (cancels)
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                while (await updates.MoveNextAsync())
                {
                }
            });
        }
        await updates.DisposeAsync();
        RunningServer.AssertAllFree(client.Model);
    }
}
