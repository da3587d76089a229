using System.ClientModel;
using Espalier.Models.Checkpoints;
using Espalier.Tests;
using OpenAI.Embeddings;

namespace Espalier.Server.Tests;

/// <summary>Embeddings through OpenAI's own client, against the decoder's hidden states.</summary>
public sealed class EmbeddingEndpointTests : TorchTest
{
    private static readonly string[] s_texts = ["Once upon a time there was a kernel.", "Die Sonne schien.", "x"];

    [Fact]
    public async Task Embeddings_are_means_of_hidden_states_of_length_one()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher);
        // The client asks for base64.
        var answer = (await Client(server).GenerateEmbeddingsAsync(s_texts)).Value;
        Assert.Equal(("tested", 3), (answer.Model, answer.Count));
        var ids = s_texts.Select(text => server.Model.Tokenizer.Encode(text)).ToArray();
        Assert.Equal(ids.Sum(static one => one.Length), answer.Usage.InputTokenCount);
        Assert.Equal(ids.Sum(static one => one.Length), answer.Usage.TotalTokenCount);
        for (var i = 0; i < s_texts.Length; i++)
        {
            var expected = Expected(ids[i]);
            var embedding = answer[i].ToFloats().ToArray();
            Assert.Equal(i, answer[i].Index);
            Assert.Equal(expected.Length, embedding.Length);
            Assert.Equal(1, embedding.Sum(static x => (double)x * x), 1e-6);
            for (var d = 0; d < expected.Length; d++)
                Assert.Equal(expected[d], embedding[d], 1e-5);
        }

        // As numbers and of ids the same; many texts wait for each other where the queue is short.
        var width = answer[0].ToFloats().Length;
        var numbers = await server.AskAsync("/v1/embeddings", new()
        {
            ["input"] = new JsonArray(
                [.. Enumerable.Range(0, 400).Select(_ => (JsonNode)new JsonArray([.. ids[1].Select(id => (JsonNode)id)]))]),
            ["encoding_format"] = "float",
            ["dimensions"] = width,
        });
        Assert.Equal("list", (string)numbers["object"]!);
        Assert.All(numbers["data"]!.AsArray(), one => Assert.Equal(answer[1].ToFloats().ToArray(),
            one!["embedding"]!.AsArray().Select(static x => (float)x!)));
        Assert.Equal(400, numbers["data"]!.AsArray().Count);
        server.AssertAllFree();
    }

    [Fact]
    public async Task What_cannot_be_is_refused()
    {
        await using var server = await RunningServer.StartAsync(RunningServer.Teacher);
        var error = await Assert.ThrowsAsync<ClientResultException>(() =>
            Client(server).GenerateEmbeddingAsync("a", new EmbeddingGenerationOptions { Dimensions = 7 }));
        Assert.Equal(400, error.Status);
        Assert.Contains("were not trained to be truncated", error.Message);
        foreach (var (body, param, reason) in ((string, string?, string)[])
            [
                ("{}", "input", "input is missing"), ("{\"input\":\"\"}", "input", "input 0 is empty"),
                ("{\"input\":[\"a\",\"\"]}", "input", "input 1 is empty"), ("{\"input\":[[]]}", "input", "must be a text"),
                ("{\"input\":[99999]}", "input", "outside the vocabulary"),
                ("{\"input\":\"a\",\"encoding_format\":\"int8\"}", "encoding_format", "'int8'"),
                ("{\"input\":\"a\",\"dimensions\":0}", "dimensions", "from 1"),
                ("{\"inputs\":\"a\"}", "inputs", "did you mean input"),
                ("{\"input\":\"a\",\"model\":\"other\"}", "model", "the model served is 'tested'"),
                ($"{{\"input\":\"{new string('x', 8000)}\"}}", "input", "shorten it"),
            ])
        {
            var (status, answer) = await server.PostAsync("/v1/embeddings", body);
            Assert.True(status is 400 or 404, $"{body[..Math.Min(80, body.Length)]} -> {status}");
            Assert.Equal(param, (string?)answer["error"]!["param"]);
            Assert.Contains(reason, (string)answer["error"]!["message"]!);
        }
        server.AssertAllFree();
    }

    private static double[] Expected(int[] ids)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        using var checkpoint = Checkpoint.Open(RunningServer.Teacher);
        using var decoder = DecoderWeights.Load(checkpoint, DType.Float64);
        var hidden_1TD = decoder.Forward(Tensor.From<long>([.. ids.Select(static id => (long)id)], 1, ids.Length));
        var (values, D) = (hidden_1TD.ToArray<double>(), (int)hidden_1TD.Size(2));
        double[] mean = [.. Enumerable.Range(0, D).Select(d => Enumerable.Range(0, ids.Length).Average(t => values[t * D + d]))];
        var length = Math.Sqrt(mean.Sum(static x => x * x));
        return [.. mean.Select(x => x / length)];
    }

    private static EmbeddingClient Client(RunningServer server) => new("tested", new ApiKeyCredential("unused"), new()
    {
        Endpoint = server.V1,
        RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(maxRetries: 0),
    });
}
