using System.ClientModel;
using System.Text;
using Espalier.Models.Chat;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Serving;
using Espalier.Tests;
using OpenAI;
using OpenAI.Chat;
using ChatMessage = OpenAI.Chat.ChatMessage;

namespace Espalier.Server.Tests;

/// <summary>OpenAI's own client against the server.</summary>
public sealed class OpenAiClientTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public async Task A_chat_is_answered_and_streamed_with_the_same_text()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path));
        var client = Client(server);
        ChatMessage[] messages = [new SystemChatMessage("Be brief."), new UserChatMessage("Once upon a time")];
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 24 };

        var whole = (await client.CompleteChatAsync(messages, options)).Value;
        Assert.Equal("tested", whole.Model);
        Assert.Equal(ChatFinishReason.Length, whole.FinishReason);
        Assert.Equal(24, whole.Usage.OutputTokenCount);
        // What generate writes to the same ids.
        var tokenizer = server.Model.Tokenizer;
        var ids =
            tokenizer.Encode("<|bos|>system: Be brief.\nuser: Once upon a time\nassistant:".Replace("<|bos|>", tokenizer.TokenText(4080)!,
            StringComparison.Ordinal), addSpecialTokens: false);
        Assert.Equal(ids.Length, whole.Usage.InputTokenCount);
        using var checkpoint = Espalier.Models.Checkpoints.Checkpoint.Open(RunningServer.Teacher);
        using var packed = PackedWeights.Load(checkpoint, server.Model.Format);
        Assert.Equal(tokenizer.Decode([.. Generator.Continue(packed, ids, 24, new())], skipSpecialTokens: true), whole.Content[0].Text);

        var (text, pieces) = (new StringBuilder(), 0);
        ChatTokenUsage? usage = null;
        await foreach (var update in client.CompleteChatStreamingAsync(messages, options))
        {
            text.Append(string.Concat(update.ContentUpdate.Select(static part => part.Text)));
            pieces++;
            usage = update.Usage ?? usage;
        }
        Assert.Equal(whole.Content[0].Text, text.ToString());
        Assert.True(pieces > 5, $"{pieces} pieces");
        Assert.Equal((ids.Length, 24), (usage!.InputTokenCount, usage.OutputTokenCount));
    }

    [Fact]
    public async Task Stops_seeds_and_probabilities_are_followed()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path));
        var client = Client(server);
        ChatMessage[] messages = [new UserChatMessage("The kernel")];
#pragma warning disable OPENAI001 // seeds are to be followed as long as clients send them
        ChatCompletionOptions Options(int seed) => new() { Temperature = 1, MaxOutputTokenCount = 30, Seed = seed };
#pragma warning restore OPENAI001
        var one = (await client.CompleteChatAsync(messages, Options(7))).Value.Content[0].Text;
        Assert.Equal(one, (await client.CompleteChatAsync(messages, Options(7))).Value.Content[0].Text);
        Assert.NotEqual(one, (await client.CompleteChatAsync(messages, Options(8))).Value.Content[0].Text);

        // A stop in the middle of the text, cut across tokens.
        var stop = one.Substring(one.Length / 2, 3);
        var options = Options(7);
        options.StopSequences.Add(stop);
        var stopped = (await client.CompleteChatAsync(messages, options)).Value;
        Assert.Equal(ChatFinishReason.Stop, stopped.FinishReason);
        Assert.Equal(one[..one.IndexOf(stop, StringComparison.Ordinal)], string.Concat(stopped.Content.Select(static part => part.Text)));

        var likely = Options(7);
        (likely.IncludeLogProbabilities, likely.TopLogProbabilityCount, likely.Temperature) = (true, 3, 0);
        var told = (await client.CompleteChatAsync(messages, likely)).Value.ContentTokenLogProbabilities;
        Assert.Equal(30, told.Count);
        Assert.All(told, static token =>
        {
            Assert.Equal(3, token.TopLogProbabilities.Count);
            Assert.Equal(token.Token, token.TopLogProbabilities[0].Token);
            Assert.Equal(token.LogProbability, token.TopLogProbabilities[0].LogProbability);
            Assert.InRange(token.TopLogProbabilities.Sum(static one => Math.Exp(one.LogProbability)), 0, 1 + 1e-6);
        });
    }

    [Fact]
    public async Task In_JSON_mode_answers_are_JSON_or_cut()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path));
        var client = Client(server);
        var whole = 0;
        for (var seed = 0; seed < 12; seed++)
        {
#pragma warning disable OPENAI001
            var options = new ChatCompletionOptions
            {
                Temperature = 1.2f,
                Seed = seed,
                MaxOutputTokenCount = 200,
                ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat(),
            };
#pragma warning restore OPENAI001
            var answer = (await client.CompleteChatAsync([new UserChatMessage("A list of names as JSON:")], options)).Value;
            if (answer.FinishReason == ChatFinishReason.Length)
                continue;
            Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
            Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(answer.Content[0].Text).RootElement.ValueKind);
            whole++;
        }
        Assert.True(whole > 0, "no answer was whole");
    }

    [Fact]
    public async Task Errors_come_with_their_reason()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, RunningServer.PlainTemplate(_folder.Path));
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Client(server, "other").CompleteChatAsync("Hello"));
        Assert.Equal(404, error.Status);
        Assert.Contains("the model served is 'tested'", error.Message);
        var tools = new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") } };
        error = await Assert.ThrowsAsync<ClientResultException>(() => Client(server)
            .CompleteChatAsync([new UserChatMessage("Hello")], tools));
        Assert.Equal(400, error.Status);
        Assert.Contains("has no tools", error.Message);
        error = await Assert.ThrowsAsync<ClientResultException>(() => Client(server).CompleteChatAsync(new string('x', 4000)));
        Assert.Equal(400, error.Status);
        Assert.Contains("shorten it", error.Message);
        var models = new OpenAIClient(new ApiKeyCredential("unused"), new() { Endpoint = server.V1 }).GetOpenAIModelClient();
        Assert.Equal("tested", (await models.GetModelsAsync()).Value.Single().Id);
    }

    internal static ChatClient Client(RunningServer server, string model = "tested", string key = "unused") =>
        new(model, new ApiKeyCredential(key), new OpenAIClientOptions
        {
            Endpoint = server.V1,
            RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(maxRetries: 0),
        });
}
