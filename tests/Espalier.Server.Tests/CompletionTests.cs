using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Tests;

namespace Espalier.Server.Tests;

public sealed class CompletionTests : TorchTest
{
    [Fact]
    public async Task A_completion_is_what_generate_writes()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher);
        using var checkpoint = Checkpoint.Open(RunningServer.Teacher);
        using var packed = PackedWeights.Load(checkpoint, server.Model.Format);
        var tokenizer = server.Model.Tokenizer;
        string Expected(string prompt, SamplingOptions options, int count) => tokenizer.Decode(
            [.. Generator.Continue(packed, tokenizer.Encode(prompt), count, options, server.Model.StopIds)], skipSpecialTokens: true);

        var answer = await server.AskAsync("/v1/completions", new() { ["prompt"] = "Once upon", ["temperature"] = 0 });
        Assert.Equal("text_completion", (string)answer["object"]!);
        Assert.Equal(Expected("Once upon", new(), 16), (string)answer["choices"]![0]!["text"]!);
        Assert.Equal("length", (string)answer["choices"]![0]!["finish_reason"]!);
        Assert.Equal(16, (int)answer["usage"]!["completion_tokens"]!);
        Assert.Equal(tokenizer.Encode("Once upon").Length, (int)answer["usage"]!["prompt_tokens"]!);

        // Several prompts, several answers of each, whose seeds follow one another.
        answer = await server.AskAsync("/v1/completions", new()
        {
            ["prompt"] = new JsonArray("Once", "The kernel"),
            ["n"] = 2,
            ["seed"] = 5,
            ["temperature"] = 0.9,
            ["top_p"] = 0.9,
            ["max_tokens"] = 12,
            ["echo"] = true,
        });
        string[] texts = [.. answer["choices"]!.AsArray().Select(static choice => (string)choice!["text"]!)];
        string[] expected = [.. new[] { "Once", "The kernel" }.SelectMany(prompt => new[] { 5, 6 }.Select(seed =>
            prompt + Expected(prompt, new() { Temperature = 0.9, TopP = 0.9, Seed = seed }, 12)))];
        Assert.Equal(expected, texts);
        // As clients write it that know one kind of number alone.
        answer = await server.AskAsync("/v1/completions", (JsonObject)JsonNode.Parse(
            """
            { "prompt": ["Once", "The kernel"], "n": 2.0, "seed": 5e0, "temperature": 0.9, "top_p": 0.9, "max_tokens": 12.0, "echo": true }
            """)!);
        texts = [.. answer["choices"]!.AsArray().Select(static choice => (string)choice!["text"]!)];
        Assert.Equal(expected, texts);

        // Ids instead of a text, and no token at all.
        answer = await server.AskAsync("/v1/completions", new()
        {
            ["prompt"] = new JsonArray([.. tokenizer.Encode("Once upon").Select(static id => (JsonNode)id)]),
            ["temperature"] = 0,
        });
        Assert.Equal(Expected("Once upon", new(), 16), (string)answer["choices"]![0]!["text"]!);
        answer = await server.AskAsync("/v1/completions", new() { ["prompt"] = "Once", ["max_tokens"] = 0 });
        Assert.Equal("", (string)answer["choices"]![0]!["text"]!);
        server.AssertAllFree();
    }

    [Fact]
    public async Task A_stream_has_the_pieces_of_the_whole_answer()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher);
        JsonObject Body(bool streams) => new()
        {
            ["prompt"] = "The kernel",
            ["temperature"] = 0,
            ["max_tokens"] = 20,
            ["logprobs"] = 2,
            ["stream"] = streams,
            ["stream_options"] = streams ? new JsonObject { ["include_usage"] = true } : null,
        };
        var whole = await server.AskAsync("/v1/completions", Body(false));
        using var content = new StringContent(Body(true).ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using var response = await server.Http.PostAsync("/v1/completions", content);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var events = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, static one => Assert.StartsWith("data: ", one, StringComparison.Ordinal));
        Assert.Equal("data: [DONE]", events[^1]);
        var pieces = events[..^1].Select(static one => JsonNode.Parse(one[6..])!).ToArray();
        var choice = whole["choices"]![0]!;
        Assert.Equal((string)choice["text"]!,
            string.Concat(pieces.SelectMany(static piece => piece["choices"]!.AsArray()).Select(static one => (string)one!["text"]!)));
        Assert.Equal(whole["usage"]!["completion_tokens"]!.ToString(), pieces[^1]["usage"]!["completion_tokens"]!.ToString());
        JsonNode[] Of(string field) => [.. pieces.SelectMany(static piece => piece["choices"]!.AsArray())
            .Where(static one => one!["logprobs"] is not null).SelectMany(one => one!["logprobs"]![field]!.AsArray())
            .Select(static one => one!.DeepClone())];
        foreach (var field in (string[])["tokens", "token_logprobs", "top_logprobs", "text_offset"])
            Assert.Equal(choice["logprobs"]![field]!.ToJsonString(), new JsonArray(Of(field)).ToJsonString());
        Assert.Equal(20, choice["logprobs"]!["tokens"]!.AsArray().Count);
        Assert.Equal((string)choice["text"]!, string.Concat(choice["logprobs"]!["tokens"]!.AsArray().Select(static one => (string)one!)));
    }

    [Fact]
    public async Task Prompts_that_begin_alike_are_taken_in_once()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher);
        var beginning = string.Concat(Enumerable.Repeat("Once upon a time there was a child. ", 8));
        JsonObject Body(string end) => new() { ["prompt"] = beginning + end, ["temperature"] = 0 };
        var first = await server.AskAsync("/v1/completions", Body("It"));
        var second = await server.AskAsync("/v1/completions", Body("It"));
        Assert.Equal(0, (int)first["usage"]!["prompt_tokens_details"]!["cached_tokens"]!);
        Assert.True((int)second["usage"]!["prompt_tokens_details"]!["cached_tokens"]! >= 48, second.ToJsonString());
        Assert.Equal((string)first["choices"]![0]!["text"]!, (string)second["choices"]![0]!["text"]!);
        using var response = await server.Http.GetAsync("/metrics");
        var page = await response.Content.ReadAsStringAsync();
        Assert.Contains("espalier_requests_total{path=\"/v1/completions\",status=\"200\"} 2\n", page);
        Assert.Contains("espalier_generated_tokens_total 32\n", page);
        Assert.Contains($"espalier_reused_tokens_total {second["usage"]!["prompt_tokens_details"]!["cached_tokens"]}\n", page);
        Assert.Contains("espalier_first_token_seconds_bucket{le=\"+Inf\"} 2\n", page);
        Assert.Contains("espalier_token_seconds_count 30\n", page);
        Assert.Equal("ok", (string)JsonNode.Parse(await server.Http.GetStringAsync("/health"))!["status"]!);
        Assert.Equal(512, (int)JsonNode.Parse(await server.Http.GetStringAsync("/v1/models/tested"))!["max_model_len"]!);
    }
}
