using System.CommandLine;
using System.Net;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Pipeline.Options;
using Espalier.Server.Http;
using Espalier.Server.Loading;

namespace Espalier.Cli.Commands.Answering;

/// <summary>Answers over HTTP, as OpenAI's servers do.</summary>
internal sealed class ServeCommand : CommandBase
{
    private const string KeyVariable = "ESPALIER_API_KEY";

    private readonly ModelArgument _model = new();
    private readonly Option<string> _host = new("--host")
    {
        Description = "Address to listen on; any other than this machine's own requires an API key",
        HelpName = "ADDRESS",
        DefaultValueFactory = static _ => "127.0.0.1",
    };
    private readonly ValueOption<int> _port = new("--port", Kinds.Size(least: 0, most: 65535), "Port to listen on; 0 picks a free one",
        8080);
    private readonly TextOption _key = new("--api-key",
        $"Key that requests must present (Authorization: Bearer KEY); other users of the machine can see it here, unlike in "
            + $"--api-key-file and {KeyVariable}", "KEY");
    private readonly TextOption _keyFile = new("--api-key-file", "File with the key on its first line", "FILE");
    private readonly TextOption _name = new("--name", "Name of the model in requests [default: the folder's name]", "NAME");
    private readonly TextOption _template = new("--chat-template",
        "File with a Jinja chat template that replaces the model's own", "FILE");
    private readonly ServingInput _serving = new();
    private readonly WeightsOption _weights = new();
    private readonly ValueOption<int> _grace = new("--grace", Kinds.Size(least: 0),
        "Seconds that running answers may still take after Ctrl-C or SIGTERM", 30);
    private readonly MachineOptions _machine = new(onProcessor: true);

    internal ServeCommand() : base(
        "serve",
        "Serve a model over an OpenAI-compatible HTTP API: completions and chats, many at once",
        "espalier serve models/quickstart-teacher",
        "espalier serve models/quickstart-teacher --port 9000 --batch 4 --context 32 --kv-memory 64MB --weights int8",
        "espalier serve models/quickstart-teacher --host 0.0.0.0 --port 9001 --api-key a-long-secret --name teacher --json") =>
        Takes([_model, _host, _port, _key, _keyFile, _name, _template, .. _serving.Options, _weights, _grace, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        var http = new HttpServerOptions
        {
            Address = ReadAddress(run.Get(_host)!),
            Port = run.Get(_port)!.Value,
            ApiKey = ReadKey(run),
            Failed = run.Progress.Warn,
        }.Validate();
        ServedModel model;
        using (var checkpoint = _model.OpenFinite(run))
        {
            _machine.Start(run);
            model = ServedModel.Load(checkpoint, new()
            {
                Name = run.Get(_name),
                ChatTemplate = run.Get(_template),
                Weights = _weights.Read(run, checkpoint),
                Serving = _serving.Read(run),
            });
        }
        using (model)
            return ServeAsync(run, model, http).GetAwaiter().GetResult();
    }

    private async Task<int> ServeAsync(CommandRun run, ServedModel model, HttpServerOptions http)
    {
        await using var server = await HttpServer.StartAsync(model, http).ConfigureAwait(false);
        run.Write(
            new ServeReport(server.Address.ToString().TrimEnd('/') + "/v1", model.Name, model.Template is not null, model.Engine.Context,
            _serving.Batch(run), model.Engine.Counts.Blocks * Espalier.Models.Serving.ServingEngine.BytesOfBlock(model.Engine.Config),
            WeightsOption.NameOf(model.Format)), static (page, report) =>
            {
                page.Line($"serving {report.Model} at {report.Address}");
                page.Line(
                    $"{report.Batch} at once, {Units.Counted(report.Context, "position")} each, {Units.Bytes(report.KeyValueBytes)} for "
                        + $"keys and values, weights in {report.Weights}"
                        + (report.HasChatTemplate ? "" : "; no chat template, so completions only"));
            });
        run.Terminal.Output.Flush();
        run.Interruption?.Says =
            $"stopping: no new requests; those being answered have {run.Get(_grace)} s ({_grace.Name})";
        await Task.Delay(Timeout.Infinite, run.Cancellation).ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
        await server.StopAsync(TimeSpan.FromSeconds(run.Get(_grace)!.Value)).ConfigureAwait(false);
        // A signal is how a server is meant to end.
        return ExitCodes.Done;
    }

    private static IPAddress ReadAddress(string host)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return IPAddress.Loopback;
        return IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address
            : throw new EspalierException(
                $"--host is '{OneLine.Clipped(host)}'; it must be an address such as 127.0.0.1, 0.0.0.0 or ::1, or localhost");
    }

    private string? ReadKey(CommandRun run)
    {
        if (run.Has(_key) && run.Has(_keyFile))
            throw new EspalierException("--api-key and --api-key-file were both given: leave one of them out");
        if (run.Get(_keyFile) is { } file)
            return SmallFile.ReadText(file, 1 << 12).Split('\n')[0].Trim();
        return run.Get(_key) ?? (Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key ? key : null);
    }
}

/// <summary>What <c>serve --json</c> prints once it listens.</summary>
/// <param name="Address">What OpenAI's clients call the base URL.</param>
/// <param name="Model">The model's name in requests.</param>
/// <param name="HasChatTemplate">Whether chats can be asked.</param>
/// <param name="Context">Most positions of a prompt and its answer.</param>
/// <param name="Batch">Answers that are written at the same time.</param>
/// <param name="KeyValueBytes">Bytes of keys and values.</param>
/// <param name="Weights">float32, bf16 or int8: what the matrices are kept in.</param>
internal sealed record ServeReport(
    string Address, string Model, bool HasChatTemplate, int Context, int Batch, long KeyValueBytes, string Weights);
