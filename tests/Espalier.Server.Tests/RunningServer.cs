using System.Net.Http.Headers;
using System.Text;
using Espalier.Models.Checkpoints;
using Espalier.Models.Serving;
using Espalier.Server.Http;
using Espalier.Server.Loading;
using Espalier.Tests;

namespace Espalier.Server.Tests;

/// <summary>A server on a free port, and what asks it.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly HttpServer _server;

    private RunningServer(ServedModel model, HttpServer server)
    {
        (Model, _server) = (model, server);
        Http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 })
        {
            BaseAddress = server.Address,
            Timeout = TimeSpan.FromMinutes(5)
        };
    }

    public static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    public ServedModel Model { get; }

    public HttpClient Http { get; }

    public Uri V1 => new(_server.Address, "/v1");

    /// <summary>Starts one.</summary>
    public static async Task<RunningServer> StartAsync(string folder, string? template = null, ServingOptions? serving = null,
        string? key = null,
        long largestBody = 1 << 20)
    {
        TorchRuntime.Start(threads: 2);
        using var checkpoint = Checkpoint.Open(folder);
        var model =
            ServedModel.Load(checkpoint, new() { ChatTemplate = template, Serving = serving ?? new() { Batch = 4 }, Name = "tested" });
        return new(model, await HttpServer.StartAsync(model, new() { Port = 0, ApiKey = key, LargestBody = largestBody }));
    }

    /// <summary>A chat template in a file that lists messages.</summary>
    public static string PlainTemplate(string folder)
    {
        var path = Path.Combine(folder, "plain.jinja");
        File.WriteAllText(path, "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:");
        return path;
    }

    /// <summary>The bundled teacher without its chat template.</summary>
    public static string WithoutTemplate(string folder)
    {
        foreach (var name in (string[])["config.json", "model.safetensors", "generation_config.json", "tokenizer.json"])
            File.Copy(Path.Combine(Teacher, name), Path.Combine(folder, name));
        return folder;
    }

    /// <summary>Posts a body as it is.</summary>
    public async Task<(int Status, JsonNode Body)> PostAsync(string path, string body, string type = "application/json")
    {
        using var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var response = await Http.PostAsync(path, content);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    /// <summary>Posts a body and returns the answer, which is to be one.</summary>
    public async Task<JsonNode> AskAsync(string path, JsonObject body)
    {
        var (status, answer) = await PostAsync(path, body.ToJsonString());
        Assert.True(status == 200, answer.ToJsonString());
        return answer;
    }

    /// <summary>Nothing runs, nothing waits, and all blocks are free.</summary>
    public void AssertAllFree() => AssertAllFree(Model);

    /// <summary>Nothing of a model runs, nothing waits, and all blocks are free.</summary>
    public static void AssertAllFree(ServedModel model) =>
        Assert.True(SpinWait.SpinUntil(() => model.Engine.Counts is { BlocksUsed: 0, Running: 0, Waiting: 0 }, TimeSpan.FromMinutes(1)),
            model.Engine.Counts.ToString());

    public async Task StopAsync(TimeSpan grace) => await _server.StopAsync(grace);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.StopAsync(TimeSpan.Zero);
        await _server.DisposeAsync();
        Model.Dispose();
    }
}
