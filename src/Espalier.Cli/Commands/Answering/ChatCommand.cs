using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Models.Chat;
using Espalier.Models.Generation;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Answering;

/// <summary>A conversation with a model, on a terminal or piped.</summary>
internal sealed class ChatCommand : CommandBase
{
    // Keys and values of more would be in memory from the start on.
    private const int UsualContext = 8192;

    private readonly ModelArgument _model = new();
    private readonly TextOption _system = new("--system", "System message", "TEXT");
    private readonly TextOption _template = new("--chat-template",
        "File with a Jinja chat template that replaces the model's own", "FILE");
    private readonly ValueOption<int> _maxTokens = new("--max-tokens", Kinds.Size(), "Maximum tokens per answer", 1024);
    private readonly ValueOption<int> _context = new("--context", Kinds.Size(least: 8),
        $"Tokens of the conversation that the model sees; by default its positions, at most {UsualContext}. When it is full, the oldest "
            + "turns are left out");
    private readonly StopOption _stop = new("an answer");
    private readonly SamplingInput _sampling = new();
    private readonly WeightsOption _weights = new();
    private readonly MachineOptions _machine = new(onProcessor: true);

    internal ChatCommand() : base(
        "chat",
        "Chat with a model through its chat template; lines from stdin are messages, /help lists the commands",
        "espalier chat models/quickstart-teacher --max-tokens 40 <<< Hello",
        "espalier chat models/quickstart-teacher --system Hi --temperature 0.7 --max-tokens 40 --json <<< Hello") =>
        Takes([_model, _system, _template, _maxTokens, _context, _stop, .. _sampling.Options, _weights, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        using var checkpoint = _model.OpenFinite(run).WithUntaught(run);
        var options = _sampling.Read(run, checkpoint);
        var tokenizer = Tokenizer.Load(checkpoint.Folder);
        var template = run.Get(_template) is { } file ? ChatTemplate.OfFile(file, checkpoint.Folder) : ChatTemplate.Load(checkpoint.Folder);
        template.Check();
        var stops = _stop.Of(run);
        var positions = checkpoint.Config.MaxPositions;
        var context = run.Get(_context) ?? Math.Min(positions, UsualContext);
        if (context > positions)
            throw new EspalierException($"{_context.Name} is {context}, but the model has {positions} positions: give at most that many");
        _machine.Start(run);
        using var packed = _weights.Load(run, checkpoint);
        using var session = new ChatSession(packed, tokenizer, template, StopIds.Of(checkpoint, tokenizer), context)
        {
            System = run.Get(_system),
            MaxTokens = run.Get(_maxTokens)!.Value,
            Sampling = options,
            Stops = stops,
        };
        var answers = new ChatLoop(run, session, _model.Place(run)).Run();
        var messages = session.Messages.Select(message => message.Fields);
        // Who reads the answers has them already.
        run.Write(new ChatReport([.. messages], answers, WeightsOption.NameOf(packed.Format)), static (_, _) => { });
        return ExitCodes.Done;
    }
}
