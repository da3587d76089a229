using System.Net;
using System.Text;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Tests;

namespace Espalier.Server.Tests;

public sealed class ManyConnectionsTests : TorchTest
{
    /// <summary>
    /// 500 at the same time, a third of which leaves in the middle of its answer: the others get what they get alone, and all room is free
    /// at the end.
    /// </summary>
    [Fact]
    public async Task Who_leaves_changes_nobody_elses_answer_and_nothing_leaks()
    {
        const int Connections = 500, Tokens = 24;
        var folder = Fixtures.Golden("families", "llama-3.1");
        using var scratch = new TemporaryFolder();
        // A model of the golden ones with a tokenizer of as many tokens as it has rows for.
        var model = WithTokenizer(folder, scratch.Path);
        await using var server =
            await RunningServer.StartAsync(model,
                serving: new() { Batch = 16, Queue = Connections, Context = 96, KeyValueBytes = 64 * 1024 * 16 });
        using var checkpoint = Checkpoint.Open(model);
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        var random = new Random(11);
        var prompts = Enumerable.Range(0, Connections)
            .Select(_ => Enumerable.Range(0, random.Next(1, 50)).Select(_ => random.Next(90)).ToArray()).ToArray();

        var answers = await Task.WhenAll(Enumerable.Range(0, Connections).Select(async i =>
        {
            var leaves = i % 3 == 0;
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
            {
                Content = new StringContent(new JsonObject
                {
                    ["prompt"] = new JsonArray([.. prompts[i].Select(static id => (JsonNode)id)]),
                    ["max_tokens"] = Tokens,
                    ["seed"] = i,
                    ["temperature"] = 1,
                    ["stream"] = leaves || i % 2 == 0,
                    ["logprobs"] = 0,
                }.ToJsonString(), Encoding.UTF8, "application/json"),
            };
            using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            if (!leaves)
                return await reader.ReadToEndAsync();
            for (var line = 0; line < 1 + i % 11; line++)
                await reader.ReadLineAsync();
            return null;
        }));

        var stayed = 0;
        for (var i = 0; i < Connections; i++)
        {
            if (answers[i] is not { } answer)
                continue;
            stayed++;
            Assert.Equal(Alone(packed, prompts[i], new() { Temperature = 1, Seed = i }, Tokens, server.Model.StopIds)
                .Where(id => !server.Model.StopIds.Contains(id)).Select(id => $"t{id}_"), Texts(answer));
        }
        Assert.Equal(Connections * 2 / 3, stayed);
        server.AssertAllFree();
    }

    [Fact]
    public async Task A_full_queue_is_429_with_a_time_to_come_again()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher, serving: new() { Batch = 1, Queue = 1 });
        var codes = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            // Of two answers one may fit: then nothing of it is left behind.
            using var content = new StringContent(
                $"{{\"prompt\":\"Once\",\"max_tokens\":200,\"temperature\":0,\"n\":{1 + i % 2}}}", Encoding.UTF8, "application/json");
            using var response = await server.Http.PostAsync("/v1/completions", content);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
                Assert.Equal("rate_limit_error", (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["type"]!);
            }
            return response.StatusCode;
        }));
        Assert.Contains(HttpStatusCode.OK, codes);
        Assert.Contains(HttpStatusCode.TooManyRequests, codes);
        Assert.All(codes, static code => Assert.True(code is HttpStatusCode.OK or HttpStatusCode.TooManyRequests));
        // What never fits is not told to come again.
        foreach (var body in (string[])["{\"prompt\":\"Once\",\"n\":3}", "{\"prompt\":[\"a\",\"b\",\"c\"]}"])
        {
            var (status, answer) = await server.PostAsync("/v1/completions", body);
            Assert.Equal((400, "too_many_answers"), (status, (string?)answer["error"]!["code"]));
            Assert.StartsWith("3 answers were requested at once, but this server takes 2", (string)answer["error"]!["message"]!);
        }
        server.AssertAllFree();
    }

    [Fact]
    public async Task At_the_end_running_answers_are_finished_and_new_ones_refused()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher);
        var running = server.PostAsync("/v1/completions", "{\"prompt\":\"Once\",\"max_tokens\":300,\"temperature\":0}");
        SpinWait.SpinUntil(() => server.Model.Engine.Counts.Running > 0, TimeSpan.FromMinutes(1));
        var stopping = server.StopAsync(TimeSpan.FromMinutes(2));
        var (status, answer) = await running;
        Assert.True(status == 200, answer.ToJsonString());
        // To its own end, be it the model's or 300 tokens.
        Assert.Equal((int)answer["usage"]!["completion_tokens"]! == 300 ? "length"
            : "stop", (string)answer["choices"]![0]!["finish_reason"]!);
        await stopping;
        Assert.True(server.Model.Engine.IsStopping);
    }

    // Row by row, as the engine computes: prompts that are longer than a few ids go by other products in generate.
    private static List<int> Alone(PackedWeights packed, int[] prompt, SamplingOptions options, int count, IReadOnlySet<int> stops)
    {
        using var decoder = new RowDecoder(packed, 1, prompt.Length + count);
        var (choice, made) = (new Choice(options, prompt), new List<int>());
        for (var t = 0; ; t++)
        {
            decoder.Next([0], [t], [t < prompt.Length ? prompt[t] : made[t - prompt.Length]]);
            if (t < prompt.Length - 1)
                continue;
            made.Add(choice.Of(decoder.Logits(0)));
            if (made.Count == count || stops.Contains(made[^1]))
                return made;
        }
    }

    private static IEnumerable<string> Texts(string answer)
    {
        var pieces = answer.StartsWith("data: ", StringComparison.Ordinal)
            ? answer.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(static one => one != "data: [DONE]")
                .Select(static one => JsonNode.Parse(one[6..])!)
            : [JsonNode.Parse(answer)!];
        return pieces.SelectMany(static piece => piece["choices"]!.AsArray()).Where(static choice => choice!["logprobs"] is not null)
            .SelectMany(static choice => choice!["logprobs"]!["tokens"]!.AsArray()).Select(static one => (string)one!);
    }

    private static string WithTokenizer(string folder, string to)
    {
        foreach (var file in Directory.GetFiles(folder)
            .Where(static file => Path.GetFileName(file) is "config.json" or "model.safetensors"))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        var rows = (int)JsonNode.Parse(File.ReadAllText(Path.Combine(to, "config.json")))!["vocab_size"]!;
        ByteLevelTokenizer.Write(to, Enumerable.Range(0, rows).Select(static id => $"t{id}_"));
        return to;
    }
}
